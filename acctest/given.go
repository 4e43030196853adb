package acctest

import (
	"context"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// GivenDebs are the files of Debian packages that the environment names, the oldest version first, to be used instead of what this package builds: for
// "ELASTICSEARCH", those of ELASTICSEARCH_DEB, with colons in between, or what ELASTICSEARCH_URL leads to, addresses with blanks in between, each with
// its checksum at the same address with .sha512 behind it, as Elastic publishes them. None where neither is set, or the address, which does not end in
// .deb, is that of a server.
func GivenDebs(ctx context.Context, product string, log Logf) ([]string, error) {
	variable := product + "_DEB"
	files := filepath.SplitList(os.Getenv(variable))
	for i, file := range files {
		absolute, err := filepath.Abs(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		if info, err := os.Stat(absolute); err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		} else if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %s is not a file", variable, file)
		}
		files[i] = absolute
	}
	if len(files) > 0 {
		return files, nil
	}
	variable = product + "_URL"
	for _, address := range strings.Fields(os.Getenv(variable)) {
		if !strings.HasSuffix(address, ".deb") {
			continue
		}
		file, err := download(ctx, address, log)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// download keeps what is at an address in the cache.
func download(ctx context.Context, address string, log Logf) (string, error) {
	name := path.Base(address)
	dir, err := cached(ctx, "download", []string{address}, func(ctx context.Context, dir string) error {
		log.printf("downloading %s into the cache (once)", address)
		var sums strings.Builder
		if err := get(ctx, address+".sha512", &sums); err != nil {
			return err
		}
		want, _, _ := strings.Cut(sums.String(), " ")
		out, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		digest := sha512.New()
		err = get(ctx, address, io.MultiWriter(out, digest))
		if err := errors.Join(err, out.Close()); err != nil {
			return err
		}
		if got := hex.EncodeToString(digest.Sum(nil)); got != strings.TrimSpace(want) {
			return fmt.Errorf("%s has the SHA-512 %s, and %s.sha512 says %s", address, got, address, want)
		}
		return nil
	})
	return filepath.Join(dir, name), err
}

func get(ctx context.Context, address string, into io.Writer) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, response.Status)
	}
	_, err = io.Copy(into, response.Body)
	return err
}
