#!/usr/bin/env bash
# Apache Cassandra from its jars on Maven Central, one node in the foreground. Needs bash, flock, java 17, and once mvn.
#   cassandra.sh fetch          the jars, once, into .runtime/cassandra
#   cassandra.sh run FOLDER     a node that keeps everything in FOLDER; `exec`s java, so signals reach the node itself
# A node is set by CASSANDRA_ADDRESS (127.0.0.1), CASSANDRA_CQL_PORT (9042), CASSANDRA_STORAGE_PORT (7000), CASSANDRA_SEEDS
# (itself), CASSANDRA_NUM_TOKENS (1), CASSANDRA_HEAP_MIB (1024), CASSANDRA_RING_DELAY_MS (100; 1000 for several that start
# at once), CASSANDRA_AUTHENTICATOR (AllowAllAuthenticator) and CASSANDRA_YAML (more lines of cassandra.yaml). Its process id is in FOLDER/pid. It goes, and FOLDER with it,
# when the process that CASSANDRA_OWNER names is gone, however that ended.
set -euo pipefail

version=5.0.9
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
jars=$root/.runtime/cassandra/$version

say() { echo "cassandra: $*" >&2; }

# What a 17 says begins: openjdk version "17.0.15" …
java_version() { java -version 2>&1 | sed -n 's/^[a-z]* version "\([0-9]*\).*/\1/p' | head -1; }

needs() {
  say "$1 is needed (Debian: apt install openjdk-17-jre-headless maven); or name a cluster that runs in PARLEY_CASSANDRA_CONTACT_POINTS."
  exit 1
}

fetch() {
  local found
  found=$(java_version) || true
  [ "${found:-0}" -ge 17 ] || needs "Java 17 or newer"
  [ -f "$jars/.complete" ] && return 0
  command -v mvn >/dev/null || needs "Maven, to fetch Cassandra,"
  mkdir -p "$jars"
  (
    flock 9 # another test file may fetch at the same moment
    [ -f "$jars/.complete" ] && exit 0
    say "fetching $version from Maven Central (70 MB, about 20 s) …"
    write_pom
    for attempt in 1 2 3; do
      mvn -B -q -f "$jars/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars" >&2 && break
      [ "$attempt" = 3 ] && { say "the jars cannot be fetched"; exit 1; }
      sleep 3
    done
    rm -f "$jars"/*-osx-*.jar "$jars"/*-windows-*.jar # natives of other systems
    touch "$jars/.complete"
    say "fetched"
  ) 9>"$jars/.lock"
}

write_pom() {
  cat >"$jars/pom.xml" <<X
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>parley</groupId><artifactId>cassandra-run</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency>
<groupId>org.apache.cassandra</groupId><artifactId>cassandra-all</artifactId><version>$version</version>
</dependency></dependencies>
<build><plugins><plugin><artifactId>maven-dependency-plugin</artifactId><version>3.8.1</version></plugin></plugins></build>
</project>
X
}

# Small caches and memtables: a node for tests shares the machine. One node alone has to sync before it answers: with
# `periodic`, kill -9 takes what was answered since the last marker in the commit log, up to 100 ms of it.
write_config() {
  local address=${CASSANDRA_ADDRESS:-127.0.0.1} storage=${CASSANDRA_STORAGE_PORT:-7000}
  cat >"$folder/cassandra.yaml" <<Y
cluster_name: parley
num_tokens: ${CASSANDRA_NUM_TOKENS:-1}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{seeds: "${CASSANDRA_SEEDS:-$address:$storage}"}]
listen_address: $address
storage_port: $storage
start_native_transport: true
rpc_address: $address
native_transport_port: ${CASSANDRA_CQL_PORT:-9042}
authenticator: ${CASSANDRA_AUTHENTICATOR:-AllowAllAuthenticator}
authorizer: AllowAllAuthorizer
auto_snapshot: false
commitlog_sync: group
commitlog_sync_group_window: 5ms
commitlog_segment_size: 16MiB
commitlog_total_space: 256MiB
memtable_heap_space: 128MiB
memtable_offheap_space: 64MiB
memtable_allocation_type: heap_buffers
file_cache_size: 64MiB
networking_cache_size: 32MiB
key_cache_size: 16MiB
counter_cache_size: 0MiB
concurrent_reads: 16
concurrent_writes: 16
concurrent_compactors: 1
batch_size_warn_threshold: 256KiB
batch_size_fail_threshold: 1MiB
${CASSANDRA_YAML:-}
Y
  cat >"$folder/logback.xml" <<'L'
<configuration scan="false">
  <shutdownHook class="ch.qos.logback.core.hook.DefaultShutdownHook"/>
  <appender name="F" class="ch.qos.logback.core.FileAppender"><file>${cassandra.logdir}/system.log</file>
    <encoder><pattern>%d{HH:mm:ss.SSS} %-5level [%thread] %logger{0} - %msg%n</pattern></encoder></appender>
  <root level="INFO"><appender-ref ref="F"/></root>
</configuration>
L
}

# Cassandra's own conf/jvm17-server.options, for the module system.
exported=(java.base/jdk.internal.misc java.management.rmi/com.sun.jmx.remote.internal.rmi java.rmi/sun.rmi.registry
  java.rmi/sun.rmi.server java.sql/java.sql java.base/java.lang.ref jdk.unsupported/sun.misc
  jdk.compiler/com.sun.tools.javac.file jdk.attach/sun.tools.attach)
opened=(java.base/java.lang.module java.base/jdk.internal.loader java.base/jdk.internal.ref java.base/jdk.internal.reflect
  java.base/jdk.internal.math java.base/jdk.internal.module java.base/jdk.internal.util.jar
  jdk.management/com.sun.management.internal java.base/sun.nio.ch java.base/java.io java.base/java.lang.reflect
  jdk.compiler/com.sun.tools.javac java.base/java.lang java.base/java.util java.base/java.nio)

# The C1 compiler alone: a node that lives for a minute never earns back what C2 costs.
run() {
  local class_path heap=${CASSANDRA_HEAP_MIB:-1024} flags=()
  class_path=$(printf '%s:' "$jars"/*.jar)
  flags=(-server "-Xms$((heap / 2))m" "-Xmx${heap}m" "-XX:MaxDirectMemorySize=$((heap / 2))m" -Xss384k
    -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+PerfDisableSharedMem -XX:-UsePerfData -XX:+ExitOnOutOfMemoryError
    -Djava.net.preferIPv4Stack=true -Djdk.attach.allowAttachSelf=true
    -Dio.netty.tryReflectionSetAccessible=true -Dio.netty.allocator.useCacheForAllThreads=true -Dio.netty.allocator.maxOrder=11)
  for module in "${exported[@]}"; do flags+=(--add-exports "$module=ALL-UNNAMED"); done
  for module in "${opened[@]}"; do flags+=(--add-opens "$module=ALL-UNNAMED"); done
  flags+=(-javaagent:"$(echo "$jars"/jamm-*.jar)"
    "-Dcassandra.config=file://$folder/cassandra.yaml" "-Dcassandra.storagedir=$folder/storage"
    "-Dcassandra.logdir=$folder/log" "-Dlogback.configurationFile=$folder/logback.xml" "-Djava.io.tmpdir=${TMPDIR:-/tmp}"
    -Dcassandra-foreground=yes -Dcassandra.skip_wait_for_gossip_to_settle=0 "-Dcassandra.ring_delay_ms=${CASSANDRA_RING_DELAY_MS:-100}"
    -Dcassandra.consistent.rangemovement=false)
  exec "${wrapper[@]}" java "${flags[@]}" -cp "${class_path%:}" org.apache.cassandra.service.CassandraDaemon
}

# Without an owner a node dies with whoever started it, where the system can see to that. As root its mlockall would pin the
# whole heap, so it may not (it only warns).
wrapper=()
if command -v setpriv >/dev/null; then
  wrapper=(setpriv)
  [ -n "${CASSANDRA_OWNER:-}" ] || wrapper+=(--pdeathsig KILL)
  [ "$(id -u)" = 0 ] && wrapper+=(--bounding-set=-ipc_lock --inh-caps=-ipc_lock)
  [ ${#wrapper[@]} -gt 1 ] || wrapper=()
fi

watch_owner() {
  local node=$$
  (
    while kill -0 "$CASSANDRA_OWNER" && kill -0 "$node"; do sleep 1; done
    kill -0 "$CASSANDRA_OWNER" && exit 0 # the node alone was ended; it may come again
    kill -9 "$node"
    sleep 1 # what it still held is closed
    rm -rf "$folder"
    rmdir "$(dirname "$folder")" # the last of a ring
  ) 2>/dev/null &
}

case ${1:-} in
  fetch) fetch ;;
  run)
    folder=${2:?a folder for the node}
    mkdir -p "$folder/log"
    fetch
    write_config
    echo $$ >"$folder/pid"
    [ -z "${CASSANDRA_OWNER:-}" ] || watch_owner
    run
    ;;
  *) sed -n 2,6p "${BASH_SOURCE[0]}" && exit 2 ;;
esac
