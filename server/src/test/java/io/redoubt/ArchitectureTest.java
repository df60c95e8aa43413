package io.redoubt;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;

/** The boundaries between the packages. A package that does not exist yet breaks no rule. */
@AnalyzeClasses(packages = "io.redoubt", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule packages_form_no_cycle =
            slices().matching("io.redoubt.(*)..").should().beFreeOfCycles().allowEmptyShould(true);

    @ArchTest
    static final ArchRule memory_knows_nobody = knowsOnly("memory");

    @ArchTest
    static final ArchRule resp_knows_nobody = knowsOnly("resp");

    @ArchTest
    static final ArchRule log_knows_nobody = knowsOnly("log");

    @ArchTest
    static final ArchRule types_know_only_memory_and_numbers = knowsOnly("type", "memory", "resp");

    @ArchTest
    static final ArchRule store_knows_only_what_lies_below = knowsOnly("store", "memory", "type", "log", "resp");

    @ArchTest
    static final ArchRule command_knows_only_what_lies_below =
            knowsOnly("command", "memory", "type", "store", "log", "resp");

    @ArchTest
    static final ArchRule access_knows_neither_connections_nor_the_store = knowsOnly("access", "command", "resp");

    /** The log, because a connection sends the stream straight from its blocks. */
    @ArchTest
    static final ArchRule net_knows_only_commands_the_log_and_the_protocol =
            knowsOnly("net", "command", "log", "memory", "resp");

    /** The root builds everything, so whoever knows it knows all. */
    @ArchTest
    static final ArchRule nobody_knows_the_root = noClasses()
            .that()
            .resideInAPackage("io.redoubt.*..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.redoubt")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule nobody_reads_observe_but_the_root = noClasses()
            .that()
            .resideOutsideOfPackages("io.redoubt", "io.redoubt.observe..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("io.redoubt.observe..")
            .allowEmptyShould(true);

    /** Files are channels too; what is meant are sockets and selectors. */
    @ArchTest
    static final ArchRule only_net_and_replication_see_sockets = noClasses()
            .that()
            .resideOutsideOfPackages("io.redoubt", "io.redoubt.net..", "io.redoubt.replication..")
            .should()
            .dependOnClassesThat(resideInAPackage("java.nio.channels..").and(isNoFileChannel()))
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule no_static_mutable_state =
            fields().that().areStatic().should().beFinal().allowEmptyShould(true);

    @ArchTest
    static final ArchRule nobody_uses_a_predictable_random =
            noClasses().should().dependOnClassesThat().haveFullyQualifiedName("java.util.Random");

    @ArchTest
    static final ArchRule nobody_deserialises_objects =
            noClasses().should().dependOnClassesThat().haveFullyQualifiedName("java.io.ObjectInputStream");

    @ArchTest
    static final ArchRule nobody_looks_up_names_by_jndi =
            noClasses().should().dependOnClassesThat().resideInAPackage("javax.naming..");

    @ArchTest
    static final ArchRule nobody_sleeps = noClasses().should().callMethodWhere(callsThreadSleep());

    @ArchTest
    static final ArchRule only_the_entry_point_prints = noClasses()
            .that()
            .resideInAPackage("io.redoubt.*..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .allowEmptyShould(true);

    /** A rule for one package of ours: it may use the JDK, libraries, itself and the named packages of ours. */
    private static ArchRule knowsOnly(String name, String... below) {
        List<String> allowed = new ArrayList<>(List.of("io.redoubt." + name + ".."));
        for (String each : below) {
            allowed.add("io.redoubt." + each + "..");
        }
        return noClasses()
                .that()
                .resideInAPackage("io.redoubt." + name + "..")
                .should()
                .dependOnClassesThat(resideInAPackage("io.redoubt..")
                        .and(DescribedPredicate.not(
                                JavaClass.Predicates.resideInAnyPackage(allowed.toArray(String[]::new)))))
                .allowEmptyShould(true);
    }

    private static DescribedPredicate<JavaClass> isNoFileChannel() {
        return DescribedPredicate.describe(
                "are sockets or selectors",
                type -> !type.getSimpleName().startsWith("File")
                        && !type.getSimpleName().endsWith("ByteChannel"));
    }

    private static DescribedPredicate<com.tngtech.archunit.core.domain.JavaMethodCall> callsThreadSleep() {
        return DescribedPredicate.describe(
                "Thread.sleep",
                call -> call.getTarget().getOwner().isEquivalentTo(Thread.class)
                        && call.getTarget().getName().equals("sleep"));
    }
}
