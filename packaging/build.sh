# Builds the server's jar and its AOT cache; to be sourced by ../redoubt. Everything it says goes to stderr.

build_what_is_missing() {
    # A lock on the folder itself: of several first starts one builds, the others wait for it.
    exec 9<"$home"
    flock -n 9 || {
        say "another process builds; waiting for it"
        flock 9
    }
    if is_stale; then
        build_jar || return 1
    fi
    if lacks_cache; then
        train_cache
    fi
    exec 9<&-
}

build_jar() {
    local log=$home/.cache/build.log
    mkdir -p "$home/.cache"
    if [[ -f $jar ]]; then
        say "sources are newer than the server: building it again"
    else
        say "first start: building the server (once; about 10 seconds, more where libraries must be downloaded)"
    fi
    find_java_home jdk || {
        explain_missing_java
        return 1
    }
    say "1/3 Java: $java_home"
    hash mvn 2>/dev/null || {
        say "no Maven (mvn) in PATH, and the server is not built yet."
        say "  To get it: apt-get install maven, or the archive from https://maven.apache.org."
        return 1
    }
    say "2/3 Maven: ${BASH_CMDS[mvn]} (log: $log)"
    # Not "package": that would download the test libraries, too.
    (cd "$home" && JAVA_HOME=$java_home MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS-}" \
        exec mvn -B -Dstyle.color=never -Dredoubt.run ${REDOUBT_MAVEN_OPTIONS-} \
        -pl server process-classes jar:jar@default-jar) </dev/null 9<&- 2>&1 | tee "$log" | show_progress
    if ((PIPESTATUS[0] != 0)); then
        say "the build failed:"
        grep -E '^\[ERROR\]|^Error' "$log" | head -n 30 >&2
        return 1
    fi
    touch "$jar" # Also when nothing changed in it: what counts is that it is newer than the sources.
}

# Turns Maven's log into a few lines: what it does, and how many files it has downloaded.
show_progress() {
    local line step download_count=0
    while IFS= read -r line; do
        case $line in
            *"Downloaded from"*)
                ((++download_count % 50 == 0)) && say "    downloaded $download_count files"
                ;;
            "[INFO] --- "*)
                step=${line#\[INFO\] --- }
                step=${step%% @*}
                step=${step#maven-}
                case $step in
                    *compiler*) say "    compiling" ;;
                    *dependency*) say "    collecting libraries" ;;
                    *jar-plugin* | jar:*) say "    packing $jar" ;;
                esac
                ;;
        esac
    done
    ((download_count == 0)) || say "    downloaded $download_count files in all"
}

# Starts the server once, lets it do a little of everything, and keeps what the JVM has loaded and linked for the next
# starts. Not what ran often: compiling that at once makes a start longer by a tenth. A server without this cache is as
# good, it only starts more slowly; so nothing here is fatal.
train_cache() {
    local folder pid port try log is_trained=
    say "3/3 preparing a quick start (AOT cache)"
    [[ -n ${java_home-} ]] || find_java_home || return 0
    folder=$(mktemp -d) || return 0
    log=$folder/log
    for try in 1 2 3; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        timeout 60 "$java_home/bin/java" "${options[@]}" -XX:AOTCacheOutput="$folder/aot" \
            -XX:+UnlockDiagnosticVMOptions -XX:-AOTRecordTraining -cp "$jar" io.redoubt.Main \
            --port "$port" --bind 127.0.0.1 --dir "$folder" --save "" --appendonly no --daemonize no \
            --requirepass training </dev/null >"$log" 2>&1 9<&- &
        pid=$!
        train "$port" "$pid" && is_trained=yes
        # The server writes the cache as its last act.
        wait "$pid" 2>/dev/null
        [[ -n $is_trained && -s $folder/aot ]] && break
        rm -f "$folder/aot" # Of a server that could not start, and has loaded little.
    done
    if [[ -s $folder/aot ]] && cp "$folder/aot" "$cache.new" && mv "$cache.new" "$cache"; then
        rm -f "$cache.failed"
    else
        say "no quick start this time: the training run left no cache; the server runs without it"
        tail -n 3 "$log" >&2
        : >"$cache.failed"
        rm -f "$cache"
    fi
    rm -rf "$folder"
    return 0
}

# Sends the commands of training.commands to the server on port $1 as a client would, then SHUTDOWN.
train() {
    local port=$1 pid=$2 tries words word request reader
    for ((tries = 0; tries < 100; tries++)); do
        kill -0 "$pid" 2>/dev/null || return 1
        if { exec 8<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null; then
            break
        fi
        sleep 0.1
    done
    ((tries < 100)) || {
        kill "$pid" 2>/dev/null
        return 1
    }
    # Replies are read while commands are written, or both sides could wait for each other.
    timeout 30 cat <&8 >/dev/null 2>&1 &
    reader=$!
    {
        while read -ra words; do
            [[ ${#words[@]} -gt 0 && ${words[0]} != "#"* ]] || continue
            request="*${#words[@]}"$'\r\n'
            for word in "${words[@]}"; do
                request+="\$${#word}"$'\r\n'"$word"$'\r\n'
            done
            printf '%s' "$request"
        done <"$home/packaging/training.commands"
        printf 'SHUTDOWN NOSAVE\r\n'
    } 1>&8 2>/dev/null
    exec 8<&- 8>&-
    # The server closes the connection; if not, it has not understood SHUTDOWN.
    wait "$reader" || kill "$pid" 2>/dev/null
}
