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
	dir := flag.String("image", "dist/image", "folder with one raw image, or the image")
	boots := flag.Int("boots", 5, "how often")
	uefi := flag.Bool("uefi", false, "by UEFI, not by BIOS")
	architecture := flag.String("architecture", "amd64", "of the image: amd64 or arm64")
	screen := flag.String("screenshot", "", "file for a picture of the console after the first boot, PNG")
	flag.Parse()
	image := *dir
	if info, err := os.Stat(image); err != nil {
		return err
	} else if info.IsDir() {
		found, err := filepath.Glob(filepath.Join(image, "*-"+*architecture+".raw"))
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return fmt.Errorf("%s has %d raw images for %s, want one: make image ARCHITECTURE=%[3]s", image, len(found), *architecture)
		}
		image = found[0]
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
