package host

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func signingKey(t *testing.T, config *packet.Config) (binary []byte, fingerprint string) {
	t.Helper()
	entity, err := openpgp.NewEntity("x", "", "x@example.com", config)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := entity.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), strings.ToUpper(hex.EncodeToString(entity.PrimaryKey.Fingerprint))
}

func armoredKey(t *testing.T, content []byte) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, openpgp.PublicKeyType, map[string]string{"Comment": "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestReadKeyring(t *testing.T) {
	a, first := signingKey(t, nil)
	b, second := signingKey(t, &packet.Config{Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048})
	both := bytes.Join([][]byte{a, b}, nil)
	for name, content := range map[string][]byte{
		"not armored": both,
		"one block":   []byte("some text before\n\n" + armoredKey(t, both)),
		"two blocks":  []byte(armoredKey(t, a) + "\n\n" + armoredKey(t, b) + "\n"),
	} {
		k, err := ReadKeyring(content)
		if err != nil || !bytes.Equal(k.Content, both) {
			t.Errorf("%s: %v, %d octets of %d", name, err, len(k.Content), len(both))
		}
		if got := strings.Join(k.Fingerprints, " "); got != first+" "+second && got != second+" "+first {
			t.Errorf("%s: the keys are %s, want %s and %s", name, got, first, second)
		}
		if problems := k.Problems(time.Now()); len(problems) > 0 {
			t.Errorf("%s: %q", name, problems)
		}
	}
	for name, content := range map[string][]byte{
		"nothing":  nil,
		"text":     []byte("<html>not found</html>"),
		"cut off":  a[:len(a)/2],
		"half":     []byte(armoredKey(t, a)[:150]),
		"no key":   a[len(a)-20:],
		"not PGP ": []byte("-----BEGIN PGP nonsense"),
	} {
		if k, err := ReadKeyring(content); err == nil {
			t.Errorf("%s: it has keys %q", name, k.Fingerprints)
		}
	}
}

func TestKeysThatAreNoLongerGood(t *testing.T) {
	made := time.Now().Add(-48 * time.Hour)
	old, name := signingKey(t, &packet.Config{KeyLifetimeSecs: 3600, Time: func() time.Time { return made }})
	k, err := ReadKeyring(old)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(k.Problems(time.Now()), "; "); got != "key "+name+" has expired" {
		t.Errorf("it says %q", got)
	}
	if got := k.Problems(made.Add(time.Minute)); len(got) > 0 {
		t.Errorf("while it was good: %q", got)
	}
}

func TestFingerprints(t *testing.T) {
	const elastic = "46095ACC8548582C1A2699A9D27D666CD88E42B4"
	if got := Fingerprint("4609 5acc 8548 582c 1a26  99a9 d27d 666c d88e 42b4"); got != elastic || ValidFingerprint(got) != nil {
		t.Errorf("%s, %v", got, ValidFingerprint(got))
	}
	for _, text := range []string{"", "D88E42B4", elastic[1:], elastic[1:] + "x", elastic + "00"} {
		if ValidFingerprint(text) == nil {
			t.Errorf("%q is taken for a fingerprint", text)
		}
	}
}
