import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.elasticsearch.common.settings.ClusterSettings;
import org.elasticsearch.common.settings.SecureSetting;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;

/**
 * Prints the settings that the classes of an unpacked Elasticsearch declare, for appliance/elasticsearch/settings-7.17.tsv: name, kind and flags, with tabs
 * between them. Kinds are told by which values a setting takes. In the folder of the server:
 *
 * <pre>CP="lib/*:$(ls -d modules/[!f]* | sed 's,$,/*,' | tr '\n' ':')"
 * javac -cp "$CP" -d /tmp ListSettings.java && java -cp "/tmp:$CP" ListSettings lib modules 2>/dev/null</pre>
 */
public final class ListSettings {
  private static final Map<String, String> FOUND = new TreeMap<>();
  private static final Pattern FULL_NAME = Pattern.compile("\"key\" : \"([^\"]*)\"");
  /** Other names without a dot are of repositories, which have settings of their own. */
  private static final List<String> WITHOUT_DOT = List.of("pidfile", "processors");

  public static void main(String[] roots) throws Exception {
    ClusterSettings.BUILT_IN_CLUSTER_SETTINGS.forEach(ListSettings::add);
    for (String root : roots) {
      try (var files = Files.walk(Path.of(root))) {
        for (Path jar : (Iterable<Path>) files.filter(p -> p.getFileName().toString().matches("(elasticsearch|x-pack|transport).*\\.jar"))::iterator) {
          read(jar);
        }
      }
    }
    FOUND.forEach((name, rest) -> {
      if (name.contains(".") || WITHOUT_DOT.contains(name)) {
        System.out.println(name + "\t" + rest);
      }
    });
  }

  private static void read(Path file) throws Exception {
    try (JarFile jar = new JarFile(file.toFile())) {
      for (JarEntry entry : Collections.list(jar.entries())) {
        String name = entry.getName();
        if (!name.startsWith("org/elasticsearch/") || !name.endsWith(".class")) {
          continue;
        }
        try {
          inspect(Class.forName(name.substring(0, name.length() - ".class".length()).replace('/', '.')));
        } catch (ReflectiveOperationException | LinkageError | RuntimeException e) {
          System.err.println(name + ": " + e); // a class of a part that is not there
        }
      }
    }
  }

  private static void inspect(Class<?> type) throws ReflectiveOperationException {
    for (Field field : type.getDeclaredFields()) {
      if (Modifier.isStatic(field.getModifiers())) {
        field.setAccessible(true);
        addAll(field.get(null));
      }
    }
    for (Method method : type.getDeclaredMethods()) {
      if (Modifier.isStatic(method.getModifiers()) && method.getParameterCount() == 0 && method.getName().matches("get\\w*Settings?|settings")) {
        method.setAccessible(true);
        addAll(method.invoke(null));
      }
    }
  }

  private static void addAll(Object value) {
    Collection<?> all = value instanceof Collection ? (Collection<?>) value : Arrays.asList(value);
    for (Object one : all) {
      if (one instanceof Setting) {
        add((Setting<?>) one);
      }
    }
  }

  private static void add(Setting<?> setting) {
    String name = setting.getKey();
    String example = name;
    Setting<?> concrete = setting;
    if (setting instanceof Setting.AffixSetting) {
      Matcher full = FULL_NAME.matcher(setting.toString());
      name = full.find() ? full.group(1) : name;
      example = name.contains("*") ? name.replace("*", "x1") : name + "x1";
      concrete = concrete(setting, example);
    } else if (isA(setting, "GroupSetting")) {
      name += "*";
      example += "x1";
    }
    List<String> flags = new ArrayList<>();
    boolean secure = concrete instanceof SecureSetting;
    if (secure) {
      flags.add("secure");
    }
    if (setting.getProperties().contains(Setting.Property.Deprecated)) {
      flags.add("deprecated");
    }
    if (setting.getProperties().contains(Setting.Property.IndexScope) && !setting.getProperties().contains(Setting.Property.NodeScope)) {
      flags.add("index");
    }
    FOUND.put(name, kind(concrete, example, secure) + "\t" + String.join(",", flags));
  }

  private static String kind(Setting<?> setting, String name, boolean secure) {
    if (isA(setting, "ListSetting")) {
      return "list";
    }
    if (secure || takes(setting, name, "xyzzy")) {
      return "text";
    }
    boolean bool = takes(setting, name, "true") && takes(setting, name, "false");
    boolean number = takes(setting, name, "8") || takes(setting, name, "0") || takes(setting, name, "30000");
    boolean time = takes(setting, name, "30s") || takes(setting, name, "2h");
    boolean size = takes(setting, name, "64mb") || takes(setting, name, "1gb");
    if (bool && !number) {
      return "boolean";
    }
    if (time != size) {
      return time ? "time" : "size";
    }
    return number && !time && !bool && !takes(setting, name, "0.5") ? "integer" : "text";
  }

  private static boolean isA(Setting<?> setting, String type) {
    return setting.getClass().getSimpleName().equals(type); // the classes are private
  }

  private static Setting<?> concrete(Setting<?> setting, String name) {
    try {
      return ((Setting.AffixSetting<?>) setting).getConcreteSetting(name);
    } catch (RuntimeException e) {
      return setting;
    }
  }

  private static boolean takes(Setting<?> setting, String name, String value) {
    try {
      setting.get(Settings.builder().put(name, value).build());
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }
}
