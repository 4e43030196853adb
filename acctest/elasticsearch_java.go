package acctest

import (
	"context"
	"os"
	"path/filepath"
)

// packagedJavaRecipe makes a Java runtime for hosts out of the JDK of their own release, as Elastic's package brings one along: the modules that the
// server needs, with the archive of shared classes that lets it start faster.
const packagedJavaRecipe = `set -eu
root=$1 out=$2
chroot "$root" /usr/lib/jvm/java-17-openjdk-amd64/bin/jlink --output /jdk --strip-java-debug-attributes --no-header-files --no-man-pages \
	--add-modules ` + packagedJavaModules + `,jdk.management
chroot "$root" /jdk/bin/java -Xshare:dump
cp -a "$root/jdk" "$out"
`

const packagedJavaModules = "java.se,jdk.charsets,jdk.crypto.ec,jdk.jcmd,jdk.net,jdk.security.auth,jdk.unsupported,jdk.zipfs"

func packagedJava(ctx context.Context, log Logf) (string, error) {
	dir, err := cached(ctx, "java", []string{Debian12.Suite, packagedJavaRecipe}, func(ctx context.Context, dir string) error {
		log.printf("making a Java runtime for hosts into the cache (once, about a minute)")
		hook := filepath.Join(dir, "recipe")
		if err := os.WriteFile(hook, []byte(packagedJavaRecipe), 0o600); err != nil {
			return err
		}
		if _, err := command(ctx, "mmdebstrap", "--mode=root", "--variant=minbase", "--format=null", "--include=openjdk-17-jdk-headless",
			"--customize-hook=sh "+hook+` "$1" `+dir, Debian12.Suite, os.DevNull); err != nil {
			return err
		}
		return os.Remove(hook)
	})
	return filepath.Join(dir, "jdk"), err
}

// packagedJavaOptions are lines for the package's jvm.options. The just-in-time compiler stops at its first stage: a server for tests does little, and
// starts in half the time. Where this machine does not allow as many open files as a node insists on, no host has them: jdk.management, which tells
// their number, is kept from the server then, since it starts where the number is not to be had.
func packagedJavaOptions(limits Limits, log Logf) string {
	options := "-XX:TieredStopAtLevel=1\n"
	if limits.OpenFiles < ElasticsearchLimits.OpenFiles {
		log.printf("processes of this machine may open %d files, and Elasticsearch insists on %d: its Java is kept from telling it",
			limits.OpenFiles, ElasticsearchLimits.OpenFiles)
		options += "--limit-modules=" + packagedJavaModules + "\n"
	}
	return options
}
