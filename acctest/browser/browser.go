// Package browser drives a real browser, Debian's chromium, to look at the collector's pages as people do.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Options say how a page is looked at.
type Options struct {
	Width, Height int64
	Dark          bool
	Phone         bool // a small screen that is touched
	NoScript      bool
}

// Browser is a browser without a window.
type Browser struct {
	ctx    context.Context // chromedp keeps the browser in it
	cancel func()
}

// Start starts a browser, which ends with ctx or with Close.
func Start(ctx context.Context) (*Browser, error) {
	program, err := exec.LookPath("chromium")
	if err != nil {
		return nil, errors.New("there is no chromium: run make prepare")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.NoSandbox, // it refuses to run as root otherwise, and visits our own pages only
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true))
	allocated, cancelAllocator := chromedp.NewExecAllocator(ctx, options...)
	first, cancel := chromedp.NewContext(allocated)
	b := &Browser{first, func() { cancel(); cancelAllocator() }}
	if err := chromedp.Do(first); err != nil {
		b.Close()
		return nil, fmt.Errorf("unable to start chromium: %w", err)
	}
	return b, nil
}

// Close ends the browser.
func (b *Browser) Close() { b.cancel() }

// Tab is an open page, and the context in which chromedp does things with it.
type Tab struct {
	context.Context // chromedp keeps the tab in it
	cancel          func()

	mu       sync.Mutex
	problems []string
	requests []string
}

// Open opens a tab of its own.
func (b *Browser) Open(o Options) (*Tab, error) {
	ctx, cancel := chromedp.NewContext(b.ctx)
	t := &Tab{Context: ctx, cancel: cancel}
	if err := t.prepare(o); err != nil {
		cancel()
		return nil, fmt.Errorf("unable to open a tab: %w", err)
	}
	return t, nil
}

func (t *Tab) prepare(o Options) error {
	if err := chromedp.Listen(t.Context, t.note); err != nil {
		return err
	}
	viewport := chromedp.EmulateViewport(o.Width, o.Height)
	if o.Phone {
		viewport = chromedp.EmulateViewport(o.Width, o.Height, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}
	_, networkErr := chromedp.Call(t.Context, network.Enable, network.EnableParams{})
	_, logErr := chromedp.Call(t.Context, log.Enable, cdp.Empty{})
	_, runtimeErr := chromedp.Call(t.Context, runtime.Enable, cdp.Empty{})
	_, mediaErr := chromedp.Call(t.Context, emulation.SetEmulatedMedia, media)
	_, scriptErr := chromedp.Call(t.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: o.NoScript})
	return errors.Join(networkErr, logErr, runtimeErr, mediaErr, scriptErr, chromedp.Do(t.Context, viewport))
}

// note keeps what the browser complains about, and what it asks for.
func (t *Tab) note(event any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch e := event.(type) {
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			t.problems = append(t.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventExceptionThrown:
		t.problems = append(t.problems, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		texts := make([]string, 0, len(e.Args))
		for _, a := range e.Args {
			texts = append(texts, string(a.Value))
		}
		t.problems = append(t.problems, "console: "+strings.Join(texts, " "))
	case *network.EventRequestWillBeSent:
		t.requests = append(t.requests, e.Request.URL)
	}
}

// Close closes the tab.
func (t *Tab) Close() { t.cancel() }

// Problems are the errors, warnings and words on the console so far.
func (t *Tab) Problems() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.problems...)
}

// Elsewhere are requests to other hosts than that of an address.
func (t *Tab) Elsewhere(address string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	home, err := url.Parse(address)
	if err != nil {
		return []string{err.Error()}
	}
	var list []string
	for _, r := range t.requests {
		if u, err := url.Parse(r); err != nil || u.Host != home.Host && u.Scheme != "data" { // what is in a page, or in the browser itself
			list = append(list, r)
		}
	}
	return list
}
