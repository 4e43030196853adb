package kibana

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unprotected and protected are test data of Kibana's own (elastic/kibana src/cli/keystore/keystore.test.js): {"a1.b2.c3": "foo", "a2": "bar"}.
const (
	unprotected = "1:IxR0geiUTMJp8ueHDkqeUJ0I9eEw4NJPXIJi22UDyfGfJSy4mHBBuGPkkAix/x/YFfIxo4tiKGdJ2oVTtU8LgKDkVoGdL+z7ylY4n3myatt6osqhI4lzJ9MRy21UcAJki2qFUTj4TYuvhta3LId+RM5UX/dJ2468hQ=="
	protected   = "1:4BnWfydL8NwFIQJg+VQKe0jlIs7uXtty6+++yaWPbSBKIX3d9nPfQ20K1C6Xh26E/gMJAQ9jh7BxK0+W3lt/iDJBJn44wqX3pQ0189iGkNBL0ibDCctz4mRy6+hqwiLxiukpH8ELAJsff8LNNHr+gNzX/2k/GvB7nQ=="
)

func TestReadKeystore(t *testing.T) {
	got, err := ReadKeystore([]byte(unprotected + "\n"))
	if want := map[string][]byte{"a1.b2.c3": []byte("foo"), "a2": []byte("bar")}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("%q, %v", got, err)
	}
	for name, content := range map[string]string{
		"password": protected, "empty": "", "version": "2" + unprotected[1:], "base64": "1:$", "short": "1:AAAA", "cut": unprotected[:160],
	} {
		if got, err := ReadKeystore([]byte(content)); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzReadKeystore(f *testing.F) {
	f.Add([]byte(unprotected))
	f.Add([]byte(protected))
	f.Fuzz(func(_ *testing.T, content []byte) {
		_, _ = ReadKeystore(content) // must not panic
	})
}
