package io.redoubt.command;

/**
 * All commands and subcommands of Redis 7.0. Those that no family declares are "planned": ACL rules, ACL CAT and ACL
 * DRYRUN know them, nothing else does. A line whose command has been built is kept: a test compares the two. A constant
 * and no resource, because the start would wait for the jar to be opened.
 */
final class PlannedCommandLines {
    /*
     *   name arity flags categories marks keys...
     *
     * One blank parts the fields, a comma the words of a list; "-" is an empty list. A container stands before its
     * subcommands ("xgroup" before "xgroup|create").
     * categories: those that do not follow from the flags (CommandSpec says which do).
     * marks: what strict rule write-is-not-read says of it: reads-too, may-read-too (by option), not-by-write.
     * keys: one key specification per field, FLAGS@BEGIN, then what finds the keys from there:
     *   BEGIN   3 is an index; STREAMS+1 follows that word, sought from index 1; KEYS-2 seeks backwards from the
     *           last but
     *           one; ? is found by the command's own parser only, and says nothing more
     *   #       a count is at the begin, and its keys follow
     *   :L      the last key is L after the first, or from the end if negative; without it there is one key
     *   /S      every S-th argument; without it every one
     *   %N      only the first N-th part of the arguments that are left
     */
    static final String TEXT = """
            acl -2 - - -
            acl|cat -2 noscript,loading,stale - -
            acl|deluser -3 admin,noscript,loading,stale - -
            acl|dryrun -4 admin,noscript,loading,stale - -
            acl|genpass -2 noscript,loading,stale - -
            acl|getuser 3 admin,noscript,loading,stale - -
            acl|help 2 loading,stale - -
            acl|list 2 admin,noscript,loading,stale - -
            acl|load 2 admin,noscript,loading,stale - -
            acl|log -2 admin,noscript,loading,stale - -
            acl|save 2 admin,noscript,loading,stale - -
            acl|setuser -3 admin,noscript,loading,stale - -
            acl|users 2 admin,noscript,loading,stale - -
            acl|whoami 2 noscript,loading,stale - -
            append 3 write,denyoom,fast string - RW,insert@1
            asking 1 fast connection -
            auth -2 noscript,loading,stale,fast,no_auth,allow_busy connection -
            bgrewriteaof 1 admin,noscript,no_async_loading - -
            bgsave -1 admin,noscript,no_async_loading - -
            bitcount -2 readonly bitmap - RO,access@1
            bitfield -2 write,denyoom bitmap reads-too RW,access,update,variable_flags@1
            bitfield_ro -2 readonly,fast bitmap - RO,access@1
            bitop -4 write,denyoom bitmap reads-too OW,update@2 RO,access@3:-1
            bitpos -3 readonly bitmap - RO,access@1
            blmove 6 write,denyoom,noscript,blocking list reads-too RW,access,delete@1 RW,insert@2
            blmpop -5 write,blocking,movablekeys list reads-too RW,access,delete@2#
            blpop -3 write,noscript,blocking list reads-too RW,access,delete@1:-2
            brpop -3 write,noscript,blocking list reads-too RW,access,delete@1:-2
            brpoplpush 4 write,denyoom,noscript,blocking list reads-too RW,access,delete@1 RW,insert@2
            bzmpop -5 write,blocking,movablekeys sortedset reads-too RW,access,delete@2#
            bzpopmax -3 write,noscript,blocking,fast sortedset reads-too RW,access,delete@1:-2
            bzpopmin -3 write,noscript,blocking,fast sortedset reads-too RW,access,delete@1:-2
            client -2 - - -
            client|caching 3 noscript,loading,stale connection -
            client|getname 2 noscript,loading,stale connection -
            client|getredir 2 noscript,loading,stale connection -
            client|help 2 loading,stale connection -
            client|id 2 noscript,loading,stale connection -
            client|info 2 noscript,loading,stale connection -
            client|kill -3 admin,noscript,loading,stale connection -
            client|list -2 admin,noscript,loading,stale connection -
            client|no-evict 3 admin,noscript,loading,stale connection -
            client|pause -3 admin,noscript,loading,stale connection -
            client|reply 3 noscript,loading,stale connection -
            client|setname 3 noscript,loading,stale connection -
            client|tracking -3 noscript,loading,stale connection -
            client|trackinginfo 2 noscript,loading,stale connection -
            client|unblock -3 admin,noscript,loading,stale connection -
            client|unpause 2 admin,noscript,loading,stale connection -
            cluster -2 - - -
            cluster|addslots -3 admin,stale,no_async_loading - -
            cluster|addslotsrange -4 admin,stale,no_async_loading - -
            cluster|bumpepoch 2 admin,stale,no_async_loading - -
            cluster|count-failure-reports 3 admin,stale - -
            cluster|countkeysinslot 3 stale - -
            cluster|delslots -3 admin,stale,no_async_loading - -
            cluster|delslotsrange -4 admin,stale,no_async_loading - -
            cluster|failover -2 admin,stale,no_async_loading - -
            cluster|flushslots 2 admin,stale,no_async_loading - -
            cluster|forget 3 admin,stale,no_async_loading - -
            cluster|getkeysinslot 4 stale - -
            cluster|help 2 loading,stale - -
            cluster|info 2 stale - -
            cluster|keyslot 3 stale - -
            cluster|links 2 stale - -
            cluster|meet -4 admin,stale,no_async_loading - -
            cluster|myid 2 stale - -
            cluster|nodes 2 stale - -
            cluster|replicas 3 admin,stale - -
            cluster|replicate 3 admin,stale,no_async_loading - -
            cluster|reset -2 admin,noscript,stale - -
            cluster|saveconfig 2 admin,stale,no_async_loading - -
            cluster|set-config-epoch 3 admin,stale,no_async_loading - -
            cluster|setslot -4 admin,stale,no_async_loading - -
            cluster|shards 2 stale - -
            cluster|slaves 3 admin,stale - -
            cluster|slots 2 stale - -
            command -1 loading,stale connection -
            command|count 2 loading,stale connection -
            command|docs -2 loading,stale connection -
            command|getkeys -4 loading,stale connection -
            command|getkeysandflags -4 loading,stale connection -
            command|help 2 loading,stale connection -
            command|info -2 loading,stale connection -
            command|list -2 loading,stale connection -
            config -2 - - -
            config|get -3 admin,noscript,loading,stale - -
            config|help 2 loading,stale - -
            config|resetstat 2 admin,noscript,loading,stale - -
            config|rewrite 2 admin,noscript,loading,stale - -
            config|set -4 admin,noscript,loading,stale - -
            copy -3 write,denyoom keyspace reads-too RO,access@1 OW,update@2
            dbsize 1 readonly,fast keyspace -
            debug -2 admin,noscript,loading,stale - -
            decr 2 write,denyoom,fast string - RW,access,update@1
            decrby 3 write,denyoom,fast string reads-too RW,access,update@1
            del -2 write keyspace - RM,delete@1:-1
            discard 1 noscript,loading,stale,fast,allow_busy transaction -
            dump 2 readonly keyspace - RO,access@1
            echo 2 loading,stale,fast connection -
            eval -3 noscript,stale,skip_monitor,no_mandatory_keys,movablekeys scripting - RW,access,update@2#
            eval_ro -3 readonly,noscript,stale,skip_monitor,no_mandatory_keys,movablekeys scripting - RO,access@2#
            evalsha -3 noscript,stale,skip_monitor,no_mandatory_keys,movablekeys scripting - RW,access,update@2#
            evalsha_ro -3 readonly,noscript,stale,skip_monitor,no_mandatory_keys,movablekeys scripting - RO,access@2#
            exec 1 noscript,loading,stale,skip_slowlog transaction -
            exists -2 readonly,fast keyspace - RO@1:-1
            expire -3 write,fast keyspace - RW,update@1
            expireat -3 write,fast keyspace - RW,update@1
            expiretime 2 readonly,fast keyspace - RO,access@1
            failover -1 admin,noscript,stale - -
            fcall -3 noscript,stale,skip_monitor,no_mandatory_keys,movablekeys scripting - RW,access,update@2#
            fcall_ro -3 readonly,noscript,stale,skip_monitor,no_mandatory_keys,movablekeys scripting - RO,access@2#
            flushall -1 write keyspace,dangerous -
            flushdb -1 write keyspace,dangerous -
            function -2 - - -
            function|delete 3 write,noscript scripting not-by-write
            function|dump 2 noscript scripting -
            function|flush -2 write,noscript scripting not-by-write
            function|help 2 loading,stale scripting -
            function|kill 2 noscript,allow_busy scripting -
            function|list -2 noscript scripting -
            function|load -3 write,denyoom,noscript scripting not-by-write
            function|restore -3 write,denyoom,noscript scripting not-by-write
            function|stats 2 noscript,allow_busy scripting -
            geoadd -5 write,denyoom geo may-read-too RW,update@1
            geodist -4 readonly geo - RO,access@1
            geohash -2 readonly geo - RO,access@1
            geopos -2 readonly geo - RO,access@1
            georadius -6 write,denyoom,movablekeys geo reads-too RO,access@1 OW,update@STORE+6 OW,update@STOREDIST+6
            georadius_ro -6 readonly geo - RO,access@1
            georadiusbymember -5 write,denyoom,movablekeys geo reads-too RO,access@1 OW,update@STORE+5 \
            OW,update@STOREDIST+5
            georadiusbymember_ro -5 readonly geo - RO,access@1
            geosearch -7 readonly geo - RO,access@1
            geosearchstore -8 write,denyoom geo reads-too OW,update@1 RO,access@2
            get 2 readonly,fast string - RO,access@1
            getbit 3 readonly,fast bitmap - RO,access@1
            getdel 2 write,fast string reads-too RW,access,delete@1
            getex -2 write,fast string reads-too RW,access,update@1
            getrange 4 readonly string - RO,access@1
            getset 3 write,denyoom,fast string reads-too RW,access,update@1
            hdel -3 write,fast hash - RW,delete@1
            hello -1 noscript,loading,stale,fast,no_auth,allow_busy connection -
            hexists 3 readonly,fast hash - RO@1
            hget 3 readonly,fast hash - RO,access@1
            hgetall 2 readonly hash - RO,access@1
            hincrby 4 write,denyoom,fast hash reads-too RW,access,update@1
            hincrbyfloat 4 write,denyoom,fast hash reads-too RW,access,update@1
            hkeys 2 readonly hash - RO,access@1
            hlen 2 readonly,fast hash - RO@1
            hmget -3 readonly,fast hash - RO,access@1
            hmset -4 write,denyoom,fast hash - RW,update@1
            hrandfield -2 readonly hash - RO,access@1
            hscan -3 readonly hash - RO,access@1
            hset -4 write,denyoom,fast hash - RW,update@1
            hsetnx 4 write,denyoom,fast hash - RW,insert@1
            hstrlen 3 readonly,fast hash - RO@1
            hvals 2 readonly hash - RO,access@1
            incr 2 write,denyoom,fast string - RW,access,update@1
            incrby 3 write,denyoom,fast string reads-too RW,access,update@1
            incrbyfloat 3 write,denyoom,fast string reads-too RW,access,update@1
            info -1 loading,stale dangerous -
            keys 2 readonly keyspace,dangerous -
            lastsave 1 loading,stale,fast admin,dangerous -
            latency -2 - - -
            latency|doctor 2 admin,noscript,loading,stale - -
            latency|graph 3 admin,noscript,loading,stale - -
            latency|help 2 loading,stale - -
            latency|histogram -2 admin,noscript,loading,stale - -
            latency|history 3 admin,noscript,loading,stale - -
            latency|latest 2 admin,noscript,loading,stale - -
            latency|reset -2 admin,noscript,loading,stale - -
            lcs -3 readonly string - RO,access@1:1
            lindex 3 readonly list - RO,access@1
            linsert 5 write,denyoom list - RW,insert@1
            llen 2 readonly,fast list - RO@1
            lmove 5 write,denyoom list reads-too RW,access,delete@1 RW,insert@2
            lmpop -4 write,movablekeys list reads-too RW,access,delete@1#
            lolwut -1 readonly,fast - -
            lpop -2 write,fast list reads-too RW,access,delete@1
            lpos -3 readonly list - RO,access@1
            lpush -3 write,denyoom,fast list - RW,insert@1
            lpushx -3 write,denyoom,fast list - RW,insert@1
            lrange 4 readonly list - RO,access@1
            lrem 4 write list - RW,delete@1
            lset 4 write,denyoom list - RW,update@1
            ltrim 4 write list - RW,delete@1
            memory -2 - - -
            memory|doctor 2 - - -
            memory|help 2 loading,stale - -
            memory|malloc-stats 2 - - -
            memory|purge 2 - - -
            memory|stats 2 - - -
            memory|usage -3 readonly - - RO@2
            mget -2 readonly,fast string - RO,access@1:-1
            migrate -6 write,movablekeys keyspace,dangerous reads-too RW,access,delete@3 \
            RW,access,delete,incomplete@KEYS-2:-1
            module -2 - - -
            module|help 2 loading,stale - -
            module|list 2 admin,noscript - -
            module|load -3 admin,noscript,no_async_loading - -
            module|loadex -3 admin,noscript,no_async_loading - -
            module|unload 3 admin,noscript,no_async_loading - -
            monitor 1 admin,noscript,loading,stale - -
            move 3 write,fast keyspace reads-too RW,access,update@1
            mset -3 write,denyoom string - OW,update@1:-1/2
            msetnx -3 write,denyoom string - OW,insert@1:-1/2
            multi 1 noscript,loading,stale,fast,allow_busy transaction -
            object -2 - - -
            object|encoding 3 readonly keyspace - RO@2
            object|freq 3 readonly keyspace - RO@2
            object|help 2 loading,stale keyspace -
            object|idletime 3 readonly keyspace - RO@2
            object|refcount 3 readonly keyspace - RO@2
            persist 2 write,fast keyspace - RW,update@1
            pexpire -3 write,fast keyspace - RW,update@1
            pexpireat -3 write,fast keyspace - RW,update@1
            pexpiretime 2 readonly,fast keyspace - RO,access@1
            pfadd -2 write,denyoom,fast hyperloglog reads-too RW,insert@1
            pfcount -2 readonly hyperloglog - RW,access@1:-1
            pfdebug 3 write,denyoom,admin hyperloglog reads-too RW,access@2
            pfmerge -2 write,denyoom hyperloglog reads-too RW,access,insert@1 RO,access@2:-1
            pfselftest 1 admin hyperloglog -
            ping -1 fast connection -
            psetex 4 write,denyoom string - OW,update@1
            psubscribe -2 pubsub,noscript,loading,stale - -
            psync -3 admin,noscript,no_async_loading,no_multi - -
            pttl 2 readonly,fast keyspace - RO,access@1
            publish 3 pubsub,loading,stale,fast - -
            pubsub -2 - - -
            pubsub|channels -2 pubsub,loading,stale - -
            pubsub|help 2 loading,stale - -
            pubsub|numpat 2 pubsub,loading,stale - -
            pubsub|numsub -2 pubsub,loading,stale - -
            pubsub|shardchannels -2 pubsub,loading,stale - -
            pubsub|shardnumsub -2 pubsub,loading,stale - -
            punsubscribe -1 pubsub,noscript,loading,stale - -
            quit -1 noscript,loading,stale,fast,no_auth,allow_busy connection -
            randomkey 1 readonly keyspace -
            readonly 1 loading,stale,fast connection -
            readwrite 1 loading,stale,fast connection -
            rename 3 write keyspace - RW,access,delete@1 OW,update@2
            renamenx 3 write,fast keyspace - RW,access,delete@1 OW,insert@2
            replconf -1 admin,noscript,loading,stale,allow_busy - -
            replicaof 3 admin,noscript,stale,no_async_loading - -
            reset 1 noscript,loading,stale,fast,no_auth,allow_busy connection -
            restore -4 write,denyoom keyspace,dangerous - OW,update@1
            restore-asking -4 write,denyoom,asking keyspace,dangerous - OW,update@1
            role 1 noscript,loading,stale,fast admin,dangerous -
            rpop -2 write,fast list reads-too RW,access,delete@1
            rpoplpush 3 write,denyoom list reads-too RW,access,delete@1 RW,insert@2
            rpush -3 write,denyoom,fast list - RW,insert@1
            rpushx -3 write,denyoom,fast list - RW,insert@1
            sadd -3 write,denyoom,fast set - RW,insert@1
            save 1 admin,noscript,no_async_loading,no_multi - -
            scan -2 readonly keyspace -
            scard 2 readonly,fast set - RO@1
            script -2 - - -
            script|debug 3 noscript scripting -
            script|exists -3 noscript scripting -
            script|flush -2 noscript scripting -
            script|help 2 loading,stale scripting -
            script|kill 2 noscript,allow_busy scripting -
            script|load 3 noscript,stale scripting -
            sdiff -2 readonly set - RO,access@1:-1
            sdiffstore -3 write,denyoom set reads-too OW,update@1 RO,access@2:-1
            select 2 loading,stale,fast connection -
            set -3 write,denyoom string may-read-too RW,access,update,variable_flags@1
            setbit 4 write,denyoom bitmap reads-too RW,access,update@1
            setex 4 write,denyoom string - OW,update@1
            setnx 3 write,denyoom,fast string - OW,insert@1
            setrange 4 write,denyoom string - RW,update@1
            shutdown -1 admin,noscript,loading,stale,no_multi,allow_busy - -
            sinter -2 readonly set - RO,access@1:-1
            sintercard -3 readonly,movablekeys set - RO,access@1#
            sinterstore -3 write,denyoom set reads-too RW,update@1 RO,access@2:-1
            sismember 3 readonly,fast set - RO@1
            slaveof 3 admin,noscript,stale,no_async_loading - -
            slowlog -2 - - -
            slowlog|get -2 admin,loading,stale - -
            slowlog|help 2 loading,stale - -
            slowlog|len 2 admin,loading,stale - -
            slowlog|reset 2 admin,loading,stale - -
            smembers 2 readonly set - RO,access@1
            smismember -3 readonly,fast set - RO,access@1
            smove 4 write,fast set reads-too RW,access,delete@1 RW,insert@2
            sort -2 write,denyoom,movablekeys set,sortedset,list,dangerous reads-too RO,access@1 RO,access@? OW,update@?
            sort_ro -2 readonly,movablekeys set,sortedset,list,dangerous - RO,access@1 RO,access@?
            spop -2 write,fast set reads-too RW,access,delete@1
            spublish 3 pubsub,loading,stale,fast - - not_key@1
            srandmember -2 readonly set - RO,access@1
            srem -3 write,fast set - RW,delete@1
            sscan -3 readonly set - RO,access@1
            ssubscribe -2 pubsub,noscript,loading,stale - - not_key@1:-1
            strlen 2 readonly,fast string - RO@1
            subscribe -2 pubsub,noscript,loading,stale - -
            substr 4 readonly string - RO,access@1
            sunion -2 readonly set - RO,access@1:-1
            sunionstore -3 write,denyoom set reads-too OW,update@1 RO,access@2:-1
            sunsubscribe -1 pubsub,noscript,loading,stale - - not_key@1:-1
            swapdb 3 write,fast keyspace,dangerous -
            sync 1 admin,noscript,no_async_loading,no_multi - -
            time 1 loading,stale,fast - -
            touch -2 readonly,fast keyspace - RO@1:-1
            ttl 2 readonly,fast keyspace - RO,access@1
            type 2 readonly,fast keyspace - RO@1
            unlink -2 write,fast keyspace - RM,delete@1:-1
            unsubscribe -1 pubsub,noscript,loading,stale - -
            unwatch 1 noscript,loading,stale,fast,allow_busy transaction -
            wait 3 noscript connection -
            watch -2 noscript,loading,stale,fast,allow_busy transaction - RO@1:-1
            xack -4 write,fast stream - RW,update@1
            xadd -5 write,denyoom,fast stream - RW,update@1
            xautoclaim -6 write,fast stream reads-too RW,delete@1
            xclaim -6 write,fast stream reads-too RW,update@1
            xdel -3 write,fast stream - RW,delete@1
            xgroup -2 - - -
            xgroup|create -5 write,denyoom stream - RW,insert@2
            xgroup|createconsumer 5 write,denyoom stream - RW,insert@2
            xgroup|delconsumer 5 write stream - RW,delete@2
            xgroup|destroy 4 write stream - RW,delete@2
            xgroup|help 2 loading,stale stream -
            xgroup|setid -5 write stream - RW,update@2
            xinfo -2 - - -
            xinfo|consumers 4 readonly stream - RO,access@2
            xinfo|groups 3 readonly stream - RO,access@2
            xinfo|help 2 loading,stale stream -
            xinfo|stream -3 readonly stream - RO,access@2
            xlen 2 readonly,fast stream - RO@1
            xpending -3 readonly stream - RO,access@1
            xrange -4 readonly stream - RO,access@1
            xread -4 readonly,blocking,movablekeys stream - RO,access@STREAMS+1:-1%2
            xreadgroup -7 write,blocking,movablekeys stream reads-too RO,access@STREAMS+4:-1%2
            xrevrange -4 readonly stream - RO,access@1
            xsetid -3 write,denyoom,fast stream - RW,update@1
            xtrim -4 write stream - RW,delete@1
            zadd -4 write,denyoom,fast sortedset may-read-too RW,update@1
            zcard 2 readonly,fast sortedset - RO@1
            zcount 4 readonly,fast sortedset - RO,access@1
            zdiff -3 readonly,movablekeys sortedset - RO,access@1#
            zdiffstore -4 write,denyoom,movablekeys sortedset reads-too OW,update@1 RO,access@2#
            zincrby 4 write,denyoom,fast sortedset reads-too RW,access,update@1
            zinter -3 readonly,movablekeys sortedset - RO,access@1#
            zintercard -3 readonly,movablekeys sortedset - RO,access@1#
            zinterstore -4 write,denyoom,movablekeys sortedset reads-too OW,update@1 RO,access@2#
            zlexcount 4 readonly,fast sortedset - RO,access@1
            zmpop -4 write,movablekeys sortedset reads-too RW,access,delete@1#
            zmscore -3 readonly,fast sortedset - RO,access@1
            zpopmax -2 write,fast sortedset reads-too RW,access,delete@1
            zpopmin -2 write,fast sortedset reads-too RW,access,delete@1
            zrandmember -2 readonly sortedset - RO,access@1
            zrange -4 readonly sortedset - RO,access@1
            zrangebylex -4 readonly sortedset - RO,access@1
            zrangebyscore -4 readonly sortedset - RO,access@1
            zrangestore -5 write,denyoom sortedset reads-too OW,update@1 RO,access@2
            zrank -3 readonly,fast sortedset - RO,access@1
            zrem -3 write,fast sortedset - RW,delete@1
            zremrangebylex 4 write sortedset reads-too RW,delete@1
            zremrangebyrank 4 write sortedset reads-too RW,delete@1
            zremrangebyscore 4 write sortedset reads-too RW,delete@1
            zrevrange -4 readonly sortedset - RO,access@1
            zrevrangebylex -4 readonly sortedset - RO,access@1
            zrevrangebyscore -4 readonly sortedset - RO,access@1
            zrevrank -3 readonly,fast sortedset - RO,access@1
            zscan -3 readonly sortedset - RO,access@1
            zscore 3 readonly,fast sortedset - RO,access@1
            zunion -3 readonly,movablekeys sortedset - RO,access@1#
            zunionstore -4 write,denyoom,movablekeys sortedset reads-too OW,update@1 RO,access@2#
            """;

    private PlannedCommandLines() {}
}
