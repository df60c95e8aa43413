package io.redoubt;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs every test of a class twice: with one loop, where no shard needs a lock, and with three, where keys of one
 * command live in several shards. The constructor takes the number of loops.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ParameterizedClass(name = "io-threads {0}")
@ValueSource(ints = {1, 3})
@interface WithOneAndWithThreeLoops {}
