package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/support"
)

// Where systemd and administrators keep the service's secrets.
const (
	credentialsOnDisk = "/etc/flowcollector/credentials"
	credentialsInUse  = "/run/credentials/flowcollector.service"
)

func supportBundleCommand() *cobra.Command {
	var settings, output string
	cmd := &cobra.Command{
		Use:   "support-bundle",
		Short: "Gather what helps to find a fault, without secrets",
		Long: `Support-bundle writes an archive (tar.gz) with settings, status, metrics, journal, versions, sockets and disks of this host, for whoever helps with a
fault. Passwords, keys, tokens and communities are removed: the contents of all files with secrets that the settings name or systemd hands over, wherever
they turn up, and whatever looks like one. Addresses and names of exporters stay, so look at it before it goes to strangers. Run it as root, who sees all
of this; what could not be had is in errors.txt.`,
		Example: `  flowcollector support-bundle
  flowcollector support-bundle --output - | ssh helper@example.org 'cat > bundle.tar.gz'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			now := time.Now().UTC()
			host, err := os.Hostname()
			if err != nil {
				return fmt.Errorf("unable to tell this host's name: %w", err)
			}
			folder := "flowcollector-" + host + "-" + now.Format("20060102T150405Z")
			parts, secrets, err := bundle(settings)
			if err != nil {
				return err
			}
			if output == "-" {
				return support.Write(cmd.Context(), cmd.OutOrStdout(), folder, now, parts, secrets)
			}
			if output == "" {
				output = folder + ".tar.gz"
			}
			// For the user alone, and nobody's file is written over.
			f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fmt.Errorf("unable to write the bundle: %w", err)
			}
			if err := errors.Join(support.Write(cmd.Context(), f, folder, now, parts, secrets), f.Close()); err != nil {
				return errors.Join(fmt.Errorf("unable to write the bundle: %w", err), os.Remove(output))
			}
			fmt.Fprintln(cmd.OutOrStdout(), output)
			return nil
		},
	}
	cmd.Flags().StringVarP(&settings, "config", "c", DefaultFile, "settings file")
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write, - for standard output; flowcollector-HOST-TIME.tar.gz when empty")
	completeFlag(cmd, "config", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	completeFlag(cmd, "output", cobra.ShellCompDirectiveFilterFileExt, "gz")
	return cmd
}

// bundle says what is in a bundle, and what must not be. Settings with mistakes are a fault to be found as well. A secret that cannot be read cannot be
// looked for: that is an error, unless it is not there.
func bundle(file string) ([]support.Part, *support.Scrubber, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("unable to read the settings: %w", err)
	}
	cfg, mistakes := config.Parse(file, text)
	settings, err := config.Settings(text)
	if err != nil {
		settings = nil // with mistakes: the paths in the text are known all the same
	}
	secrets, err := support.ReadSecrets(support.SecretFiles(settings, text, credentialsOnDisk, credentialsInUse))
	if err != nil {
		return nil, nil, err
	}
	parts := []support.Part{
		{Name: "settings.yml", Collect: func(context.Context) ([]byte, error) { return text, mistakes }},
		{Name: "version.txt", Collect: func(context.Context) ([]byte, error) {
			return fmt.Appendf(nil, "flowcollector %s, commit %s\n", version, commit), nil
		}},
		support.Files("system.txt", "/etc/os-release", "/proc/version", "/proc/cpuinfo", "/proc/meminfo", "/proc/uptime", "/proc/pressure/*"),
		support.Files("network.txt", "/proc/net/udp", "/proc/net/udp6", "/proc/net/snmp", "/proc/net/softnet_stat", "/proc/net/dev",
			"/proc/sys/net/core/[rw]mem_*", "/proc/sys/net/core/netdev_max_backlog", "/proc/sys/net/ipv4/udp_*"),
		support.Command("sockets.txt", "ss", "--udp", "--tcp", "--listening", "--numeric", "--processes", "--memory", "--extended"),
		support.Command("disks.txt", "df", "--human-readable", "--print-type"),
		support.Command("inodes.txt", "df", "--inodes"),
		support.Command("state.txt", "du", "--human-readable", "--max-depth=2", "/var/lib/flowcollector/"),
		support.Command("unit.txt", "systemctl", "cat", "flowcollector.service"),
		support.Command("status.txt", "systemctl", "status", "--full", "--lines=0", "flowcollector.service"),
		support.Command("failed.txt", "systemctl", "--failed", "--no-legend"),
		support.Command("journal.txt", "journalctl", "--no-pager", "--output=short-iso-precise", "--lines=20000", "--unit=flowcollector.service"),
		support.Command("packages.txt", "dpkg-query", "--list", "flowcollector", "elasticsearch*", "kibana*", "systemd", "linux-image-*"),
	}
	if mistakes == nil {
		parts = append(parts,
			support.Part{Name: "effective.yml", Collect: func(context.Context) ([]byte, error) { return cfg.EffectiveYAML() }},
			page(cfg, "metrics.txt", "/metrics"), page(cfg, "ready.txt", "/readyz"),
		)
	}
	return parts, support.NewScrubber(secrets...), nil
}

// page is a part that the running service serves.
func page(cfg config.Config, name, path string) support.Part {
	return support.Part{Name: name, Collect: func(ctx context.Context) (content []byte, err error) {
		if cfg.HTTP.Address == "" {
			return nil, errors.New("http.address is empty: the service serves no page")
		}
		scheme, transport := "http", &http.Transport{}
		defer transport.CloseIdleConnections()
		if cfg.HTTP.TLS.CertificateFile != "" {
			// Of this host itself, by an address that the certificate need not name.
			scheme, transport.TLSClientConfig = "https", &tls.Config{InsecureSkipVerify: true} //nolint:gosec // nothing but the password of this very service is sent, and it only over loopback
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+ownAddress(cfg.HTTP.Address)+path, http.NoBody)
		if err != nil {
			return nil, err
		}
		if cfg.HTTP.Username != "" {
			file := cfg.HTTP.PasswordFile
			if file == "" {
				file = filepath.Join(credentialsInUse, "http-password")
			}
			password, err := os.ReadFile(file) //nolint:gosec // as the settings of this host say
			if err != nil {
				return nil, err
			}
			request.SetBasicAuth(cfg.HTTP.Username, strings.TrimSpace(string(password)))
		}
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, response.Body.Close()) }()
		content, err = io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = errors.New(response.Status)
		}
		return content, err
	}}
}

// ownAddress is how this host itself reaches an address that the service listens on.
func ownAddress(address string) string {
	at, err := netip.ParseAddrPort(address)
	switch {
	case err != nil || !at.Addr().IsUnspecified():
		return address
	case at.Addr().Is4():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()).String()
	}
	return netip.AddrPortFrom(netip.IPv6Loopback(), at.Port()).String()
}
