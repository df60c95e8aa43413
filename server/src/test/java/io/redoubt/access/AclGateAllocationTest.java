package io.redoubt.access;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.redoubt.command.Args;
import io.redoubt.command.Form;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AclGateAllocationTest {
    private static final int ROUNDS = 20_000;

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = ';',
            value = {
                "~* &* +@all; GET key:1",
                "~* +@all -config; GET key:1",
                "~* +@all -select; SET key:1 v GET",
                "~other:* ~key:* db=0,3 +get; GET key:1",
                "-@all (~a +get) (~key:* +get); GET key:1",
                "~* +@all -config; RENAME key:1 key:2",
                "~key:* +select|0 +set|key:1; SET key:1 v",
                "~a +get; GET key:1",
            })
    void judging_allocates_nothing(String rules, String request) {
        var fixture = AccessFixture.strict();
        fixture.setUser("u", "on nopass " + rules);
        var user = fixture.user("u");
        var args = new Args();
        args.set(Arrays.stream(request.split(" ")).map(AccessFixture::bytes).toArray(byte[][]::new));
        var form = new Form();
        var spec = fixture.spec(args);
        spec.parse(args, form);
        var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long sum = judge(fixture.gate, user, spec, args, form); // Loads all classes.
        long before = threads.getCurrentThreadAllocatedBytes();
        sum += judge(fixture.gate, user, spec, args, form);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertThat(sum).isGreaterThanOrEqualTo(0);
        assertThat(allocated).isLessThan(ROUNDS); // Not a byte per judgement; the measuring itself takes some.
    }

    private static long judge(AclGate gate, User user, io.redoubt.command.CommandSpec spec, Args args, Form form) {
        long sum = 0;
        for (int i = 0; i < ROUNDS; i++) {
            sum += gate.check(user, spec, args, form, 0);
        }
        return sum;
    }
}
