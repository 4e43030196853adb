// Screenshots takes the pictures of the collector's pages that the documentation shows, in a real browser, of an invented service.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/flowstack/terraform-provider-flowstack/acctest/browser"
	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/page/pagetest"
)

// when is the time on the pictures, so that they only change when the pages do.
var when = time.Date(2030, 5, 17, 9, 41, 0, 0, time.UTC)

var pictures = []struct {
	file, path    string
	width, height int64
	dark, phone   bool
	whole         bool // the page to its end, not only what a screen shows
	empty         bool
}{
	{file: "page-light.png", path: "/", width: 1440, height: 900, whole: true},
	{file: "page-dark.png", path: "/", width: 1440, height: 900, dark: true, whole: true},
	{file: "page-phone.png", path: "/", width: 360, height: 740, phone: true},
	{file: "page-exporter.png", path: "/exporters/192.0.2.1", width: 1440, height: 900},
	{file: "page-flows.png", path: "/flows?address=10.20.0.0%2F16&port=443&last=all", width: 1440, height: 900},
	{file: "page-empty.png", path: "/", width: 1440, height: 900, empty: true},
}

func main() {
	out := flag.String("out", "docs/img", "folder to write to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	err := take(ctx, *out)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func take(ctx context.Context, out string) error {
	serve := func(s *pagetest.Source) *httptest.Server {
		return httptest.NewServer(page.Guard{Loopback: true}.Protect(page.New(page.Options{Source: s, Search: func() page.Searcher { return pagetest.SomeFlows(when, 400) }})))
	}
	busy, empty := serve(pagetest.Busy(when)), serve(pagetest.Empty(when))
	defer busy.Close()
	defer empty.Close()
	b, err := browser.Start(ctx)
	if err != nil {
		return err
	}
	defer b.Close()
	for _, p := range pictures {
		t, err := b.Open(browser.Options{Width: p.width, Height: p.height, Dark: p.dark, Phone: p.phone})
		if err != nil {
			return err
		}
		server := busy
		if p.empty {
			server = empty
		}
		shoot := chromedp.CaptureScreenshot()
		if p.whole {
			shoot = chromedp.FullScreenshot(100)
		}
		if err := chromedp.Do(t, chromedp.Navigate(server.URL+p.path)); err != nil { //nolint:contextcheck // the tab is a context of ctx
			return fmt.Errorf("%s: %w", p.file, err)
		}
		picture, err := chromedp.Run(t, shoot) //nolint:contextcheck // likewise
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		t.Close()
		path := filepath.Join(out, p.file)
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s (%d KiB)\n", path, len(picture)>>10)
	}
	return nil
}
