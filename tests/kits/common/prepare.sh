# shellcheck shell=bash disable=SC2034,SC2016
# Sourced by the run scripts: fetches the class path of a kit and compiles the runner.
# Sets CLASSPATH_OF_KIT. Needs a JDK (17 or newer) and Maven.

# prepare_kit DIRECTORY: the directory of the kit's pom.xml; everything fetched or built goes to its target/.
prepare_kit() {
    local here=$1 common
    common=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    need_program javac default-jdk-headless
    mkdir -p "$here/target"
    exec 9> "$here/target/lock"
    flock 9  # two runs at once prepare one after the other
    fetch_jars "$here"
    compile_runner "$common/KitRun.java" "$here/target/lib" "$here/target/classes"
    exec 9>&-
    CLASSPATH_OF_KIT="$here/target/classes:$here/target/lib/*"
}

need_program() {
    command -v "$1" > /dev/null || { echo "$1 is missing: sudo apt-get install $2" >&2; exit 2; }
}

# Resolves anew only when the pom or the list of checksums has changed: a second run needs neither Maven nor a network.
fetch_jars() {
    local here=$1 lib=$1/target/lib stamp=$1/target/fetched
    if ! (cd "$here" && sha256sum --check --status "$stamp" 2> /dev/null); then
        need_program mvn maven
        rm -rf "$lib" "$stamp"
        mvn --batch-mode --quiet -Dstyle.color=never --file "$here/pom.xml" dependency:copy-dependencies \
            -DincludeScope=runtime -DoutputDirectory="$lib" >&2
    fi
    # The released artifacts are pinned by content, not only by version.
    if [ "${KIT_WRITE_CHECKSUMS:-}" = 1 ]; then
        (cd "$lib" && sha256sum -- *.jar) > "$here/lib.sha256"
    fi
    (cd "$lib" && sha256sum --check --quiet --strict "$here/lib.sha256") >&2
    if [ "$(find "$lib" -name '*.jar' | wc -l)" -ne "$(wc -l < "$here/lib.sha256")" ]; then
        echo "the class path holds other jars than lib.sha256 lists" >&2
        exit 1
    fi
    (cd "$here" && sha256sum pom.xml lib.sha256) > "$stamp"
}

compile_runner() {
    local source=$1 lib=$2 classes=$3
    if [ -f "$classes/KitRun.class" ] && [ ! "$source" -nt "$classes/KitRun.class" ]; then
        return
    fi
    rm -rf "$classes"
    mkdir -p "$classes/META-INF/services"
    javac -d "$classes" -cp "$lib/*" "$source"
    echo 'KitRun$Recorder' > "$classes/META-INF/services/org.junit.platform.launcher.TestExecutionListener"
    echo 'KitRun$Selection' > "$classes/META-INF/services/org.junit.platform.launcher.PostDiscoveryFilter"
}
