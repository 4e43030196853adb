package acctest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// ElasticsearchOptions says where the server runs.
type ElasticsearchOptions struct {
	Host *Host  // a container host; only through it the server is reached
	Heap string // such as 2g, for a server to measure; empty is the least that tests need, in which little is compiled and nothing fast
	Log  Logf   // progress
}

// Elasticsearch is a real server with security on, on the loopback of a host's network. Its program and files are this machine's.
type Elasticsearch struct {
	*ElasticsearchClient // as the user elastic

	WriterUser     string // "flowcollector", may only create documents in, and look at, indices named flows, health-flows, or one of these with a - behind it
	WriterPassword string
	SetupUser      string // "flowsetup", may only put index templates, and make indices and aliases named flows*
	SetupPassword  string

	host   *Host
	run    *run
	log    Logf
	memory string // JVM options
	home   string // of the program, as the server's user sees it
	java   string
	uid    uint32
	server *process
}

const (
	elasticsearchAddress    = "127.0.0.1:9200"
	elasticsearchStartLimit = 5 * time.Minute
	elasticsearchStopLimit  = time.Minute
	// Elasticsearch refuses to run as root. A number is enough, no account is made for it.
	elasticsearchUID = 59200
)

const elasticsearchSettings = `cluster.name: flowstack-acctest
node.name: node-1
discovery.type: single-node
network.host: 127.0.0.1
http.port: 9200
transport.port: 9300
path.data: %[1]s/data
path.logs: %[1]s/logs
# Other programs fill this machine's disk; the tests' few documents do not.
cluster.routing.allocation.disk.threshold_enabled: false
xpack.security.enabled: true
xpack.security.authc.realms.file.file1.order: 0
xpack.security.authc.realms.native.native1.order: 1
xpack.security.http.ssl.enabled: true
xpack.security.http.ssl.key: server.key
xpack.security.http.ssl.certificate: server.crt
xpack.security.http.ssl.certificate_authorities: ca.crt
xpack.security.transport.ssl.enabled: true
xpack.security.transport.ssl.verification_mode: certificate
xpack.security.transport.ssl.key: server.key
xpack.security.transport.ssl.certificate: server.crt
xpack.security.transport.ssl.certificate_authorities: ca.crt
`

// The least a collector needs, which is what provider::flowstack::collector_role has, and the least that flowcollector setup needs: the product check reads the
// server's name and version (monitor).
const elasticsearchRoles = `flow_writer:
  cluster: [monitor]
  indices:
    - names: [flows, flows-*, health-flows, health-flows-*]
      privileges: [create_doc, view_index_metadata]
flow_setup:
  cluster: [monitor, manage_index_templates]
  indices:
    - names: ["flows*"]
      privileges: [view_index_metadata, create_index, manage]
`

const elasticsearchLogging = `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
`

// elasticsearchSmall starts fast; elasticsearchHeap is what is measured, with the collector that Elastic ships.
const (
	elasticsearchSmall = "-Xms512m\n-Xmx512m\n-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n"
	elasticsearchHeap  = "-Xms%[1]s\n-Xmx%[1]s\n-XX:+UseG1GC\n"
)

const elasticsearchJVM = `-XX:-HeapDumpOnOutOfMemoryError
-XX:+ExitOnOutOfMemoryError
-Djava.io.tmpdir=${ES_TMPDIR}
`

// StartElasticsearch starts a server and returns when it answers. The context bounds the start, not the server's life: call Close.
func StartElasticsearch(ctx context.Context, options ElasticsearchOptions) (*Elasticsearch, error) {
	if options.Host == nil || options.Host.Netns == "" {
		return nil, errors.New("start Elasticsearch: it needs a container host, in whose network it listens")
	}
	r, err := newRun(ctx)
	if err != nil {
		return nil, err
	}
	e := &Elasticsearch{
		ElasticsearchClient: &ElasticsearchClient{URL: "https://" + elasticsearchAddress, Username: "elastic"}, WriterUser: "flowcollector", SetupUser: "flowsetup",
		host: options.Host, run: r, log: options.Log, memory: elasticsearchSmall, uid: elasticsearchUID,
	}
	if options.Heap != "" {
		e.memory = fmt.Sprintf(elasticsearchHeap, options.Heap)
	}
	err = e.install(ctx)
	if err == nil {
		err = e.Start(ctx)
	}
	if err != nil {
		return nil, r.abandon(ctx, fmt.Errorf("start Elasticsearch: %w", err))
	}
	return e, nil
}

// install prepares program, settings, certificates, users and keystore in the run's directory.
func (e *Elasticsearch) install(ctx context.Context) error {
	for { // a number nobody has
		if _, err := user.LookupId(strconv.FormatUint(uint64(e.uid), 10)); err != nil {
			break
		}
		e.uid++
	}
	cache, err := elasticsearchServer(ctx, e.log)
	if err != nil {
		return err
	}
	// The cache may lie below a home directory that the server's user may not enter.
	e.home = filepath.Join(e.run.dir, "elasticsearch")
	if err := e.run.mountBind(cache, e.home); err != nil {
		return err
	}
	// A package brings its own.
	if e.java = filepath.Join(e.home, "jdk"); !present(e.java) {
		if e.java, err = javaHome(); err != nil {
			return err
		}
	}
	if e.Password, err = randomHex(12); err != nil {
		return err
	}
	if e.WriterPassword, err = randomHex(12); err != nil {
		return err
	}
	if e.SetupPassword, err = randomHex(12); err != nil {
		return err
	}
	for _, dir := range []string{"config", "data", "logs", "tmp"} {
		if err := e.mkdir(dir); err != nil {
			return err
		}
	}
	if err := e.writeConfig(); err != nil {
		return err
	}
	// -f makes the keystore when there is none, -x reads the value from stdin.
	return e.keystore(ctx, e.Password, "add", "-f", "-x", "bootstrap.password")
}

func (e *Elasticsearch) mkdir(name string) error {
	path := filepath.Join(e.run.dir, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	if err := os.Chown(path, int(e.uid), int(e.uid)); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	return nil
}

func (e *Elasticsearch) writeConfig() error {
	if err := e.RenewCertificate(); err != nil {
		return err
	}
	if err := e.SetWriterPassword(e.WriterPassword); err != nil {
		return err
	}
	return e.write(map[string]string{
		"elasticsearch.yml": fmt.Sprintf(elasticsearchSettings, e.run.dir) + e.moduleSettings(),
		"log4j2.properties": elasticsearchLogging,
		"jvm.options":       e.memory + elasticsearchJVM,
		"roles.yml":         elasticsearchRoles,
		"users_roles":       "flow_writer:" + e.WriterUser + "\nflow_setup:" + e.SetupUser + "\n",
	})
}

// moduleSettings are for modules that the server on Maven Central comes without, which refuses them: a given one neither runs programs of its own nor asks
// the internet.
func (e *Elasticsearch) moduleSettings() string {
	var settings strings.Builder
	for module, setting := range map[string]string{"x-pack-ml": "xpack.ml.enabled: false", "ingest-geoip": "ingest.geoip.downloader.enabled: false"} {
		if present(filepath.Join(e.home, "modules", module)) {
			settings.WriteString(setting + "\n")
		}
	}
	return settings.String()
}

// RenewCertificate gives the server a certificate of another authority, which is CA from then on. A server that runs takes it within seconds, for
// new connections.
func (e *Elasticsearch) RenewCertificate() error {
	authority, err := NewAuthority()
	if err != nil {
		return err
	}
	server, err := authority.Issue("localhost", "127.0.0.1", "::1")
	if err != nil {
		return err
	}
	e.trust(e.host, elasticsearchAddress, authority.Certificate)
	return e.write(map[string]string{"ca.crt": string(authority.Certificate), "server.crt": string(server.Certificate), "server.key": string(server.Key)})
}

// SetWriterPassword changes the password of WriterUser. A server that runs takes it within seconds.
func (e *Elasticsearch) SetWriterPassword(password string) error {
	e.WriterPassword = password
	var users strings.Builder
	for user, password := range map[string]string{e.WriterUser: e.WriterPassword, e.SetupUser: e.SetupPassword} {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
		if err != nil {
			return fmt.Errorf("hash a password: %w", err)
		}
		users.WriteString(user + ":" + string(hash) + "\n")
	}
	// What elasticsearch-users writes, without starting a JVM for it (documented as the files of the file realm).
	return e.write(map[string]string{"users": users.String()})
}

// write puts files into the server's configuration, each at once.
func (e *Elasticsearch) write(files map[string]string) error {
	for name, content := range files {
		path := filepath.Join(e.run.dir, "config", name)
		if err := os.WriteFile(path+".new", []byte(content), 0o600); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		if err := os.Chown(path+".new", int(e.uid), int(e.uid)); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
	}
	return nil
}

func (e *Elasticsearch) env() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=" + filepath.Join(e.run.dir, "tmp"), "ES_JAVA_HOME=" + e.java,
		"ES_PATH_CONF=" + filepath.Join(e.run.dir, "config"), "ES_TMPDIR=" + filepath.Join(e.run.dir, "tmp"),
	}
}

// keystore runs Elasticsearch's own tool as the server's user, with a secret on stdin.
func (e *Elasticsearch) keystore(ctx context.Context, secret string, args ...string) error {
	cmd := commandContext(ctx, filepath.Join(e.home, "bin/elasticsearch-keystore"), args...)
	cmd.Env, cmd.Dir, cmd.Stdin = e.env(), e.run.dir, strings.NewReader(secret)
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: e.uid, Gid: e.uid}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("elasticsearch-keystore %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Start starts the server again after Stop, with the same data at the same address.
func (e *Elasticsearch) Start(ctx context.Context) error {
	if e.server != nil && e.server.exited() == nil {
		return errors.New("elasticsearch is running")
	}
	e.log.printf("starting Elasticsearch %s (a JVM: some ten seconds)", ElasticsearchVersion)
	began := time.Now()
	server, err := e.run.start(ctx, startSpec{
		name: "elasticsearch", args: []string{filepath.Join(e.home, "bin/elasticsearch")}, env: e.env(), dir: e.run.dir,
		uid: e.uid, netns: e.host.Netns,
	})
	if err != nil {
		return err
	}
	e.server = server
	ctx, cancel := context.WithTimeoutCause(ctx, elasticsearchStartLimit, fmt.Errorf("not ready after %s", elasticsearchStartLimit))
	defer cancel()
	said := began
	var last error
	err = poll(ctx, "elasticsearch to be ready", func() (bool, error) {
		if err := server.exited(); err != nil {
			return false, err
		}
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			e.log.printf("Elasticsearch is still starting, %.0f s", time.Since(began).Seconds())
		}
		last = e.Do(ctx, http.MethodGet, "/_cluster/health?wait_for_status=yellow&timeout=1s", nil, nil)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w; last answer: %w; log: %s", err, last, tail(server.log))
	}
	e.log.printf("Elasticsearch is ready after %.1f s", time.Since(began).Seconds())
	return nil
}

// Stop stops the server and keeps its data for Start.
func (e *Elasticsearch) Stop(ctx context.Context) error { return e.end(ctx, syscall.SIGTERM) }

// Kill ends the server at once, as a crash does, and keeps its data for Start.
func (e *Elasticsearch) Kill(ctx context.Context) error { return e.end(ctx, syscall.SIGKILL) }

// Pause lets the server do nothing, and keep its connections open, until Resume.
func (e *Elasticsearch) Pause() error { return e.server.id.signal(syscall.SIGSTOP) }

// Resume ends a pause.
func (e *Elasticsearch) Resume() error { return e.server.id.signal(syscall.SIGCONT) }

func (e *Elasticsearch) end(ctx context.Context, signal syscall.Signal) error {
	e.client.CloseIdleConnections()
	if e.server == nil {
		return nil
	}
	return e.server.stop(ctx, signal, elasticsearchStopLimit)
}

// Close stops the server and removes everything that belonged to it.
func (e *Elasticsearch) Close(ctx context.Context) error {
	return errors.Join(e.Stop(ctx), e.run.close(ctx))
}
