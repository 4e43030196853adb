package browser_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/flowstack/terraform-provider-flowstack/acctest/browser"
	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/page/pagetest"
	"github.com/flowstack/terraform-provider-flowstack/collector/service"
)

func start(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

func open(t *testing.T, b *browser.Browser, o browser.Options, url string) *browser.Tab {
	t.Helper()
	if o.Width == 0 {
		o.Width, o.Height = 1440, 900
	}
	tab, err := b.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tab.Close)
	do(t, tab, chromedp.Navigate(url))
	return tab
}

func do(t *testing.T, tab *browser.Tab, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(tab, steps...); err != nil {
		t.Fatal(err)
	}
}

// eval returns what an expression of JavaScript is in the page.
func eval[T any](t *testing.T, tab *browser.Tab, expression string) T {
	t.Helper()
	v, err := chromedp.Run(tab, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until waits for as long as the test may run for an expression to be true.
func until(t *testing.T, tab *browser.Tab, expression string) {
	t.Helper()
	for {
		// While a page is being replaced by another there is nothing to ask, or not yet what is asked for.
		ok, err := chromedp.Run(tab, chromedp.Evaluate[bool]("(() => { try { return Boolean("+expression+") } catch { return false } })()"))
		if ok {
			return
		}
		if t.Context().Err() != nil || tab.Err() != nil {
			t.Fatalf("ended while waiting for %s: %v", expression, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// clean fails when the browser complained, or asked elsewhere.
func clean(t *testing.T, tab *browser.Tab, home string) {
	t.Helper()
	if list := tab.Problems(); len(list) > 0 {
		t.Errorf("the browser complains: %s", strings.Join(list, "\n"))
	}
	if list := tab.Elsewhere(home); len(list) > 0 {
		t.Errorf("requests to elsewhere: %v", list)
	}
}

// invented serves pages of an invented service.
func invented(t *testing.T) string {
	t.Helper()
	now := time.Now()
	s := httptest.NewServer(page.Guard{Loopback: true}.Protect(page.New(page.Options{Source: pagetest.Busy(now), Search: func() page.Searcher { return pagetest.SomeFlows(now, 300) }})))
	t.Cleanup(s.Close)
	return s.URL
}

// collect runs a collector, and returns where it is.
func collect(t *testing.T) (url string, to netip.AddrPort) {
	t.Helper()
	c := config.Default()
	c.Listen.UDP, c.HTTP.Address = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	c.Output.NDJSON.Path = filepath.Join(t.TempDir(), "flows.ndjson")
	ready, done := make(chan service.Addresses, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		done <- service.Run(ctx, c, service.Options{Version: "1.2.3", Logger: slog.New(slog.DiscardHandler), Bound: func(a service.Addresses) { ready <- a }})
	}()
	select {
	case a := <-ready:
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
		return "http://" + a.HTTP.String(), a.UDP[0]
	case err := <-done:
		cancel()
		t.Fatal(err)
		return "", netip.AddrPort{}
	}
}

// send sends packets of NetFlow v5 with 30 flows each.
func send(t *testing.T, to netip.AddrPort, first, packets uint32) {
	t.Helper()
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i := range packets {
		b := binary.BigEndian.AppendUint16(nil, 5)
		b = binary.BigEndian.AppendUint16(b, 30)
		for _, v := range []uint32{100000, uint32(time.Now().Unix()), 0, first + 30*i, 0} {
			b = binary.BigEndian.AppendUint32(b, v)
		}
		for j := range byte(30) {
			b = append(b, 198, 18, 0, j, 203, 0, 113, 1, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 2, 0, 0, 0xff, 100)
			b = append(b, 0, 1, 0x5f, 0x90, 0, 1, 0x73, 0x18, 0x9c, j, 1, 0xbb, 0, 0x1b, 6, 0, 0xfb, 0xf4, 0xfb, 0xf5, 24, 24, 0, 0)
		}
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThePageRenewsItselfWhileFlowsComeIn(t *testing.T) {
	url, to := collect(t)
	b := start(t)
	tab := open(t, b, browser.Options{}, url)
	until(t, tab, `document.querySelector(".first") !== null && document.querySelector("#live .label").textContent === "Live"`)
	// What a person has begun to do stays while everything around it changes.
	do(t, tab, chromedp.Focus(`a.brand`))
	eval[bool](t, tab, `document.querySelector("h1").kept = document.querySelector(".tile b").kept = true`)

	send(t, to, 0, 40)
	until(t, tab, `document.body.textContent.includes("1 exporter,") && document.querySelector(".exporters a")?.textContent === "127.0.0.1"`)
	until(t, tab, `document.querySelector(".tile.flows b").textContent !== "0"`)
	until(t, tab, `document.body.textContent.includes("203.0.113.1")`)
	before := eval[string](t, tab, `document.querySelector(".since").textContent`)
	send(t, to, 1200, 60)
	until(t, tab, fmt.Sprintf(`document.querySelector(".since").textContent !== %q && document.querySelector(".since").textContent.includes("3\u202f000 flows so far")`, before))
	if !eval[bool](t, tab, `document.querySelector("h1").kept && document.querySelector(".tile b").kept && document.activeElement.className === "brand"`) {
		t.Error("elements were replaced, or lost the focus: the page flickers")
	}

	// A pause is a pause.
	do(t, tab, chromedp.Click(chromedp.CSS("#live")))
	until(t, tab, `document.querySelector("#live").getAttribute("aria-pressed") === "false"`)
	paused := eval[string](t, tab, `document.querySelector(".since").textContent`)
	send(t, to, 3000, 10)
	requests := eval[int](t, tab, `performance.getEntriesByType("resource").length`)
	time.Sleep(3 * time.Second) // longer than the page takes to renew itself
	if eval[int](t, tab, `performance.getEntriesByType("resource").length`) > requests+1 || eval[string](t, tab, `document.querySelector(".since").textContent`) != paused {
		t.Error("the page renews itself though it is paused")
	}
	do(t, tab, chromedp.Click(chromedp.CSS("#live")))
	until(t, tab, `document.querySelector(".since").textContent.includes("3\u202f300 flows so far")`)

	do(t, tab, chromedp.Click(chromedp.CSS(".exporters a")))
	until(t, tab, `location.pathname === "/exporters/127.0.0.1" && document.body.textContent.includes("Exporting processes")`)
	clean(t, tab, url)
}

var paths = []string{"/", "/exporters/192.0.2.1", "/exporters/203.0.113.200", "/flows", "/flows?last=all", "/flows?port=x", "/settings", "/nowhere"}

func TestPagesFitAPhone(t *testing.T) {
	url := invented(t)
	b := start(t)
	for _, path := range paths {
		tab := open(t, b, browser.Options{Width: 360, Height: 740, Phone: true}, url+path)
		if w := eval[int](t, tab, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`); w > 360 {
			wide := eval[string](t, tab, `[...document.querySelectorAll("main *")].filter(e => e.getBoundingClientRect().right > 361 && !e.closest(".scroll") && !e.closest("pre")).map(e => e.tagName + "." + e.className).slice(0, 5).join(" ")`)
			t.Errorf("%s is %d wide on a screen of 360: %s", path, w, wide)
		}
		tab.Close()
	}
}

// contrasts lists texts whose contrast to what is behind them is less than level AA of WCAG 2.1 asks for (success criterion 1.4.3).
const contrasts = `(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] === 255) return c; } return [255, 255, 255, 255]; };
  const found = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode());) {
    const e = n.parentElement, style = getComputedStyle(e);
    if (!n.nodeValue.trim() || ["SCRIPT", "NOSCRIPT"].includes(e.tagName) || !e.getClientRects().length) continue;
    const a = light(rgba(style.color)), b = light(behind(e)), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700;
    if (ratio < (large ? 3 : 4.5)) found.add(e.tagName + "." + e.className + " " + ratio.toFixed(2) + ": " + n.nodeValue.trim().slice(0, 30));
  }
  return [...found];
})()`

func TestTextsCanBeReadInLightAndDark(t *testing.T) {
	url := invented(t)
	b := start(t)
	grounds := map[bool]string{}
	for _, dark := range []bool{false, true} {
		for _, path := range paths {
			tab := open(t, b, browser.Options{Dark: dark}, url+path)
			for _, text := range eval[[]string](t, tab, contrasts) {
				t.Errorf("%s, dark %v: too little contrast: %s", path, dark, text)
			}
			grounds[dark] = eval[string](t, tab, `getComputedStyle(document.body).backgroundColor`)
			if path != "/nowhere" && path != "/flows?port=x" && path != "/exporters/203.0.113.200" { // the browser notes their status
				clean(t, tab, url)
			}
			tab.Close()
		}
	}
	if grounds[false] != "rgb(243, 245, 248)" || grounds[true] != "rgb(13, 18, 23)" {
		t.Errorf("grounds %v", grounds)
	}
}

// structure lists what a screen reader would miss.
const structure = `(() => {
  const found = [];
  for (const tag of ["main", "header", "footer", "h1"]) if (document.querySelectorAll(tag).length !== 1) found.push(tag);
  if (!document.documentElement.lang || !document.title) found.push("language or title");
  document.querySelectorAll("nav, section, form[role=search]").forEach((e) => { const by = e.getAttribute("aria-labelledby"); if (!(e.getAttribute("aria-label") || by && document.getElementById(by)) && !e.classList.contains("message") && !e.querySelector("h1, h2") && !e.classList.contains("filter")) found.push("name of " + e.outerHTML.slice(0, 60)); });
  document.querySelectorAll("table").forEach((e) => { if (!e.querySelector("thead th[scope=col]") || e.querySelector("tbody tr") && !e.querySelector("tbody th[scope=row]")) found.push("headers of " + e.className); });
  document.querySelectorAll("input:not([type=hidden]), select").forEach((e) => { if (!e.labels.length) found.push("label of " + e.name); });
  document.querySelectorAll("svg").forEach((e) => { if (!e.getAttribute("aria-hidden") && !e.getAttribute("aria-label")) found.push("name of a picture"); });
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => found.push("id twice: " + id));
  document.querySelectorAll("[aria-describedby]").forEach((e) => { if (!document.getElementById(e.getAttribute("aria-describedby"))) found.push("description of " + e.name); });
  return found;
})()`

func TestPagesCanBeUsedWithTheKeyboard(t *testing.T) {
	url := invented(t)
	b := start(t)
	for _, path := range paths {
		tab := open(t, b, browser.Options{}, url+path)
		for _, missing := range eval[[]string](t, tab, structure) {
			t.Errorf("%s: %s", path, missing)
		}
		tab.Close()
	}
	tab := open(t, b, browser.Options{}, url)
	do(t, tab, chromedp.KeyEvent(kb.Tab))
	if text := eval[string](t, tab, `document.activeElement.textContent`); text != "Skip to content" {
		t.Errorf("the first stop of the keyboard is %q", text)
	}
	if left := eval[float64](t, tab, `document.activeElement.getBoundingClientRect().left`); left < 0 {
		t.Error("the link to skip to the content is not seen when it has the focus")
	}
	stops := map[string]bool{}
	for range 40 {
		do(t, tab, chromedp.KeyEvent(kb.Tab))
		stops[eval[string](t, tab, `(document.activeElement.id || document.activeElement.textContent).trim()`)] = true
		if !eval[bool](t, tab, `document.activeElement === document.body || (s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1)(getComputedStyle(document.activeElement))`) {
			t.Errorf("nothing shows that %q has the focus", eval[string](t, tab, `document.activeElement.outerHTML.slice(0, 80)`))
		}
	}
	for _, want := range []string{"Overview", "Flows", "Settings", "live", "filter", "edge1.fra.example.net", "15 min"} {
		if !stops[want] {
			t.Errorf("the keyboard does not get to %q", want)
		}
	}
	do(t, tab, chromedp.SendKeys(chromedp.CSS("#filter"), "sflow5"+kb.Enter))
	until(t, tab, `location.search.includes("filter=sflow5") && document.querySelectorAll(".exporters tbody tr").length === 2`)
	clean(t, tab, url)
}

func TestPagesWorkWithoutScripts(t *testing.T) {
	url := invented(t)
	b := start(t)
	tab := open(t, b, browser.Options{NoScript: true}, url)
	text, err := chromedp.Run(tab, chromedp.OuterHTML(chromedp.CSS("html")))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`http-equiv="refresh" content="10"`, "edge1.fra.example.net", "Example CDN"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s on the page", want)
		}
	}
	do(t, tab, chromedp.WaitNotVisible(chromedp.CSS("#live")))
	do(t, tab, chromedp.Click(chromedp.CSS(`.choice a:nth-child(2)`)), chromedp.WaitVisible(chromedp.CSS(`.choice a[href^="/?minutes=15"][aria-current]`)))
	do(t, tab, chromedp.SendKeys(chromedp.CSS("#filter"), "fw1"+kb.Enter), chromedp.WaitNotPresent(chromedp.CSS(`a[href="/exporters/192.0.2.1"]`)), chromedp.WaitVisible(chromedp.CSS(`a[href="/exporters/203.0.113.7"]`)))
	clean(t, tab, url)
}

func TestFlowsAreFound(t *testing.T) {
	url := invented(t)
	b := start(t)
	tab := open(t, b, browser.Options{}, url+"/flows")
	all := eval[string](t, tab, `document.querySelector(".sums b").textContent`)
	if all != "300" {
		t.Errorf("%s flows, want 300", all)
	}
	do(t, tab, chromedp.SendKeys(chromedp.CSS("#f-port"), "22"), chromedp.SendKeys(chromedp.CSS("#f-protocol"), "tcp"+kb.Enter))
	until(t, tab, `location.search.includes("port=22") && document.querySelector(".sums b").textContent === "75"`)
	if !eval[bool](t, tab, `[...document.querySelectorAll(".flows tbody td:nth-child(3)")].every(e => e.textContent.includes(":22"))`) {
		t.Error("there are other ports among the flows found")
	}
	do(t, tab, chromedp.Click(chromedp.CSS(`a[rel="next"]`)))
	until(t, tab, `document.body.textContent.includes("51 to 75 are shown")`)
	do(t, tab, chromedp.Click(chromedp.CSS(`.flows tbody td:nth-child(2) a`))) // of an address: narrows the search
	until(t, tab, `location.search.includes("address=10.20.") && location.search.includes("port=22")`)
	do(t, tab, chromedp.Click(chromedp.CSS(`.flows summary`)))
	until(t, tab, `document.querySelector(".flows details[open] pre").textContent.includes('"@timestamp"')`)
	clean(t, tab, url)
}
