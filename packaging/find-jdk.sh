# Finds a Java of version 25 or newer; to be sourced by bash. Reads the file "release" that every JDK has, because
# asking a JVM for its version takes longer than all the rest of the start.

readonly REDOUBT_JAVA_MIN=25

# Sets java_home to the folder $1 if a new enough Java is there (with a compiler, if $2 is "jdk").
take_java_home() {
    local line version
    [[ -x $1/bin/java && -r $1/release ]] || return 1
    [[ ${2-} != jdk || -x $1/bin/javac ]] || return 1
    while IFS= read -r line; do
        if [[ $line == JAVA_VERSION=* ]]; then
            version=${line#*=}
            version=${version//\"/}
            version=${version%%[.+-]*}
            [[ $version =~ ^[0-9]+$ ]] && ((version >= REDOUBT_JAVA_MIN)) || return 1
            java_home=$1
            return 0
        fi
    done <"$1/release"
    return 1
}

# Sets java_home to the first Java that will do; $1 is "jdk" where a compiler is needed.
find_java_home() {
    local candidate path
    for candidate in "${REDOUBT_JAVA_HOME-}" "${JAVA_HOME-}"; do
        [[ -n $candidate ]] && take_java_home "$candidate" "${1-}" && return 0
    done
    if hash java 2>/dev/null; then
        path=${BASH_CMDS[java]}
        # Mostly a link into one of these; knowing that spares a process.
        for candidate in "${path%/bin/java}" /usr/lib/jvm/*; do
            if [[ -r $candidate/release && $candidate/bin/java -ef $path ]]; then
                take_java_home "$candidate" "${1-}" && return 0
                path=
                break
            fi
        done
        if [[ -L $path ]]; then
            path=$(readlink -f -- "$path")
            take_java_home "${path%/bin/java}" "${1-}" && return 0
        fi
    fi
    for candidate in /usr/lib/jvm/* /opt/java/* /opt/jdk* "${HOME-}"/.sdkman/candidates/java/* "${HOME-}"/.jdks/* \
        /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        take_java_home "$candidate" "${1-}" && return 0
    done
    return 1
}

explain_missing_java() {
    cat >&2 <<EOF
redoubt: no Java $REDOUBT_JAVA_MIN or newer found.
  Looked at: REDOUBT_JAVA_HOME (${REDOUBT_JAVA_HOME:-not set}), JAVA_HOME (${JAVA_HOME:-not set}), java in PATH,
             /usr/lib/jvm, /opt, ~/.sdkman, ~/.jdks.
  To get it: the package openjdk-$REDOUBT_JAVA_MIN-jdk where your system has it (apt-get install openjdk-$REDOUBT_JAVA_MIN-jdk-headless),
             or a JDK $REDOUBT_JAVA_MIN from https://adoptium.net unpacked into /usr/lib/jvm/.
EOF
}
