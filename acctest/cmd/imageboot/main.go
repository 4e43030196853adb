// Imageboot boots an image of the appliance several times, each time as new, and prints how long it takes from power on until the collector is ready.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "imageboot:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir := flag.String("image", "dist/image", "folder with one raw image, or one as qcow2, or the image")
	boots := flag.Int("boots", 5, "how often")
	uefi := flag.Bool("uefi", false, "by UEFI, not by BIOS")
	architecture := flag.String("architecture", "amd64", "of the image: amd64 or arm64")
	screen := flag.String("screenshot", "", "file for a picture of the console after the first boot, PNG")
	flag.Parse()
	image, err := find(*dir, *architecture)
	if err != nil {
		return err
	}
	var seconds []float64
	for i := range *boots {
		a, err := acctest.StartAppliance(ctx, acctest.ApplianceOptions{Image: image, DiskMiB: 12 << 10, UEFI: *uefi, ARM64: *architecture == "arm64", Log: func(f string, args ...any) { fmt.Fprintf(os.Stderr, f+"\n", args...) }})
		if err != nil {
			return err
		}
		seconds = append(seconds, a.Ready.Seconds())
		if i == 0 && *screen != "" {
			err = a.Screenshot(ctx, *screen)
		}
		if err := errors.Join(err, a.Stop(ctx)); err != nil {
			return err
		}
		fmt.Printf("boot %d: ready after %.1f s\n", i+1, a.Ready.Seconds())
	}
	slices.Sort(seconds)
	fmt.Printf("median of %d: %.1f s\n", len(seconds), seconds[len(seconds)/2])
	return nil
}

// find is the image itself, or that of a folder, the raw one first.
func find(dir, architecture string) (string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return dir, err
	}
	for _, format := range []string{"raw", "qcow2"} {
		found, err := filepath.Glob(filepath.Join(dir, "*-"+architecture+"."+format))
		switch {
		case err != nil:
			return "", err
		case len(found) > 1:
			return "", fmt.Errorf("%s has %d images for %s, want one", dir, len(found), architecture)
		case len(found) == 1:
			return found[0], nil
		}
	}
	return "", fmt.Errorf("%s has no image for %s: make image ARCHITECTURE=%[2]s", dir, architecture)
}
