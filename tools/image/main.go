// Image builds the appliance:
//
//	go run ./tools/image -version 1.2.3 -collector flowcollector_1.2.3_amd64.deb -output dist/image
//
// SOURCE_DATE_EPOCH is the time of everything in it. See docs/appliance.md and package appliance/image.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/image"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var spec image.Spec
	var builder image.Builder
	var formats string
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	f.StringVar(&spec.Architecture, "architecture", "amd64", "Debian's name of the architecture")
	f.StringVar(&spec.Mirror, "mirror", "", "mirror of Debian's packages; "+image.DefaultMirror+" when empty")
	f.StringVar(&spec.Security, "security", "", "mirror of security updates; the mirror with -security behind it when empty")
	f.StringVar(&spec.Snapshot, "snapshot", "", "time of snapshot.debian.org, such as 20261101T000000Z, instead of a mirror")
	f.StringVar(&spec.Version, "version", "", "version of the appliance")
	f.StringVar(&spec.Collector, "collector", "", "the collector's package")
	f.StringVar(&spec.Elastic, "elastic-packages", "", "folder with packages to put in as a local repository")
	f.StringVar(&formats, "formats", "", "formats, parted by commas; all when empty")
	f.StringVar(&builder.Output, "output", "dist/image", "folder for the files")
	f.StringVar(&builder.Cache, "cache", "", "folder for what is good for the next build; flowstack in the user's cache folder when empty")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("there are no arguments besides flags, found %q", f.Arg(0))
	}
	for _, name := range strings.FieldsFunc(formats, func(r rune) bool { return r == ',' }) {
		spec.Formats = append(spec.Formats, image.Format(name))
	}
	seconds, err := strconv.ParseInt(os.Getenv("SOURCE_DATE_EPOCH"), 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is not a number of seconds: %w", err)
	}
	spec.Epoch = time.Unix(seconds, 0).UTC()
	if builder.Cache == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		builder.Cache = filepath.Join(cache, "flowstack")
	}
	for _, dir := range []*string{&builder.Cache, &builder.Output, &spec.Collector, &spec.Elastic} {
		if *dir == "" {
			continue // the build says what is missing
		}
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	builder.Log = func(format string, args ...any) { fmt.Fprintf(os.Stderr, "==> "+format+"\n", args...) }
	return builder.Build(ctx, spec)
}
