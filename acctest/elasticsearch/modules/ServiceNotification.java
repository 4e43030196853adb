package flowstack.acctest;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

import com.sun.jna.Native;

import org.elasticsearch.client.Client;
import org.elasticsearch.cluster.metadata.IndexNameExpressionResolver;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.io.stream.NamedWriteableRegistry;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.env.Environment;
import org.elasticsearch.env.NodeEnvironment;
import org.elasticsearch.plugins.ClusterPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.repositories.RepositoriesService;
import org.elasticsearch.script.ScriptService;
import org.elasticsearch.threadpool.Scheduler;
import org.elasticsearch.threadpool.ThreadPool;
import org.elasticsearch.watcher.ResourceWatcherService;
import org.elasticsearch.xcontent.NamedXContentRegistry;

/**
 * What the module systemd of a packaged server does, which the server on Maven Central comes without: it tells the service manager that the node is
 * ready, that it ends, and, every 15 seconds until it is ready, that the start needs another 30 (sd_notify(3)).
 */
public class ServiceNotification extends Plugin implements ClusterPlugin {
    private final boolean wanted = "true".equals(System.getenv("ES_SD_NOTIFY"));
    private volatile Scheduler.Cancellable extension;

    @Override
    public Collection<Object> createComponents(
        Client client, ClusterService cluster, ThreadPool threads, ResourceWatcherService watcher, ScriptService scripts,
        NamedXContentRegistry content, Environment environment, NodeEnvironment node, NamedWriteableRegistry writeables,
        IndexNameExpressionResolver names, Supplier<RepositoriesService> repositories
    ) {
        if (wanted) {
            extension = threads.scheduleWithFixedDelay(
                () -> Notify.send("EXTEND_TIMEOUT_USEC=30000000"), TimeValue.timeValueSeconds(15), ThreadPool.Names.SAME);
        }
        return List.of();
    }

    @Override
    public void onNodeStarted() {
        if (wanted) {
            Notify.send("READY=1");
            extension.cancel();
        }
    }

    @Override
    public void close() {
        if (wanted) {
            Notify.send("STOPPING=1");
        }
    }

    private static class Notify {
        static {
            AccessController.doPrivileged((PrivilegedAction<Void>) () -> {
                Native.register(Notify.class, "libsystemd.so.0");
                return null;
            });
        }

        private static native int sd_notify(int unsetEnvironment, String state);

        static void send(String state) {
            int result = sd_notify(0, state);
            if (result < 0) {
                throw new IllegalStateException("sd_notify " + state + ": error " + -result);
            }
        }
    }
}
