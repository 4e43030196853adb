// Package shared finds other people's captures and databases, which tests read and the repository does not have.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Folder is the folder of samples of a kind, such as "captures" or "geoip": below FLOWSTACK_SHARED, or below a folder shared beside the checkout.
// Where there is none, the test is skipped, and says what would have it run.
func Folder(tb testing.TB, kind string) string {
	tb.Helper()
	root := os.Getenv("FLOWSTACK_SHARED")
	if root == "" {
		directory, err := os.Getwd()
		if err != nil {
			tb.Fatal(err)
		}
		for !exists(filepath.Join(directory, "go.mod")) {
			if directory == filepath.Dir(directory) {
				tb.Fatal("the test runs outside of the checkout")
			}
			directory = filepath.Dir(directory)
		}
		root = filepath.Join(filepath.Dir(directory), "shared")
	}
	folder := filepath.Join(root, kind)
	if !exists(folder) {
		tb.Skipf("there is no %s: set FLOWSTACK_SHARED to the folder that has %s", folder, kind)
	}
	return folder
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
