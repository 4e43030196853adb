package acctest

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ElasticsearchVersion is the server the tests run: complete with security, without a JDK, from Maven Central. It is under the Elastic
// License 2.0: run in tests, kept in the cache, neither committed nor published.
const ElasticsearchVersion = "7.17.29"

const elasticsearchArtifact = "org.elasticsearch.distribution.integ-test-zip:elasticsearch:" + ElasticsearchVersion + ":zip"

// elasticsearchHome returns the unpacked server in the cache.
func elasticsearchHome(ctx context.Context, log Logf) (string, error) {
	dir, err := cached(ctx, "elasticsearch", []string{elasticsearchArtifact}, func(ctx context.Context, dir string) error {
		log.printf("downloading Elasticsearch %s from Maven Central into the cache (once, 57 MB)", ElasticsearchVersion)
		repository := filepath.Join(dir, "maven")
		_, err := command(ctx, "mvn", "--batch-mode", "--quiet", "--strict-checksums", "-Dmaven.repo.local="+repository,
			"dependency:get", "-Dartifact="+elasticsearchArtifact, "-Dtransitive=false")
		if err != nil {
			return err
		}
		archive := filepath.Join(repository, "org/elasticsearch/distribution/integ-test-zip/elasticsearch", ElasticsearchVersion,
			"elasticsearch-"+ElasticsearchVersion+".zip")
		if err := unzip(archive, dir); err != nil {
			return err
		}
		return os.RemoveAll(repository)
	})
	return filepath.Join(dir, "elasticsearch-"+ElasticsearchVersion), err
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

// javaHome finds the JDK: $JAVA_HOME, or where the java command really lives.
func javaHome() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return home, nil
	}
	path, err := exec.LookPath("java")
	if err != nil {
		return "", fmt.Errorf("a JDK is needed for Elasticsearch: %w", err)
	}
	path, err = filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("find the JDK: %w", err)
	}
	return filepath.Dir(filepath.Dir(path)), nil
}
