package acctest

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The servers that tests run: complete with security, without a JDK, from Maven Central. They are under the Elastic License 2.0: run in tests, kept
// in the cache, neither committed nor published.
const (
	ElasticsearchVersion         = "7.17.29"
	ElasticsearchPreviousVersion = "7.17.28" // what upgrades begin at
)

const elasticsearchArtifact = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:%s:zip"

// elasticsearchServer returns the unpacked server that runs on this machine: of the newest package that is given, or of Maven Central.
func elasticsearchServer(ctx context.Context, log Logf) (home string, err error) {
	given, err := GivenDebs(ctx, "ELASTICSEARCH", log)
	if err != nil {
		return "", err
	}
	if len(given) == 0 {
		return mavenServer(ctx, ElasticsearchVersion, log)
	}
	deb := given[len(given)-1]
	_, digest, err := digestOf(deb)
	if err != nil {
		return "", err
	}
	dir, err := cached(ctx, "elasticsearch", []string{hex.EncodeToString(digest[:])}, func(ctx context.Context, dir string) error {
		log.printf("unpacking %s into the cache (once)", deb)
		if _, err := command(ctx, "dpkg-deb", "--extract", deb, dir); err != nil {
			return err
		}
		// On a host its configuration is where this file says. Here each server has its own, and the environment names it.
		env := filepath.Join(dir, packageHome, "bin/elasticsearch-env")
		text, err := os.ReadFile(env)
		if err != nil {
			return err
		}
		return os.WriteFile(env, bytes.Replace(text, []byte("source /etc/default/elasticsearch"), nil, 1), 0o755)
	})
	return filepath.Join(dir, packageHome), err
}

// mavenServer returns an unpacked server in the cache, with what stands in for the modules it lacks.
func mavenServer(ctx context.Context, version string, log Logf) (string, error) {
	artifact := fmt.Sprintf(elasticsearchArtifact, version)
	modules, err := serverModuleInputs()
	if err != nil {
		return "", err
	}
	dir, err := cached(ctx, "elasticsearch", append([]string{artifact}, modules...), func(ctx context.Context, dir string) error {
		log.printf("downloading Elasticsearch %s from Maven Central into the cache (once, 57 MB)", version)
		repository := filepath.Join(dir, "maven")
		_, err := command(ctx, "mvn", "--batch-mode", "--quiet", "--strict-checksums", "-Dmaven.repo.local="+repository,
			"dependency:get", "-Dartifact="+artifact, "-Dtransitive=false")
		if err != nil {
			return err
		}
		archive := filepath.Join(repository, "org/elasticsearch/distribution/integ-test-zip/elasticsearch", version, "elasticsearch-"+version+".zip")
		if err := unzip(archive, dir); err != nil {
			return err
		}
		for _, m := range serverModules {
			if err := m.addTo(ctx, filepath.Join(dir, "elasticsearch-"+version), version); err != nil {
				return err
			}
		}
		return os.RemoveAll(repository)
	})
	return filepath.Join(dir, "elasticsearch-"+version), err
}

// unzip unpacks regular files and directories, with their modes; nothing may lead out of dir.
func unzip(archive, dir string) (err error) {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", archive, err)
	}
	defer r.Close() //nolint:errcheck // read only
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", archive, err)
	}
	defer root.Close() //nolint:errcheck // a handle
	for _, f := range r.File {
		name := strings.TrimSuffix(f.Name, "/")
		if f.FileInfo().IsDir() {
			err = root.MkdirAll(name, 0o755)
		} else if err = root.MkdirAll(filepath.Dir(name), 0o755); err == nil {
			err = unzipFile(root, f)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", archive, err)
		}
	}
	return nil
}

func unzipFile(root *os.Root, f *zip.File) (err error) {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	// Readable for the user the server runs as.
	out, err := root.OpenFile(f.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.Mode().Perm()|0o444)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// javaHome finds the JDK: $JAVA_HOME, or where the javac command really lives.
func javaHome() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return home, nil
	}
	path, err := exec.LookPath("javac")
	if err != nil {
		return "", fmt.Errorf("a JDK is needed for Elasticsearch: %w", err)
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the JDK: %w", err)
	}
	return filepath.Dir(filepath.Dir(path)), nil
}
