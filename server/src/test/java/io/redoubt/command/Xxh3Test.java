package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Expectations are those of xxHash's own library, at the lengths where the way of hashing changes. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class Xxh3Test {
    @ParameterizedTest
    @CsvSource(
            value = {
                "0, 2d06800538d394c2",
                "1, e12ef9d2eb86ceeb",
                "2, 33b0814d4f061d86",
                "3, a9088dda485b481c",
                "4, 57648c318a7a307e",
                "5, 239bb6b88222271d",
                "8, b0fb3e3c3f94990a",
                "9, 8aca5cb309437c2e",
                "11, 3c3b64e231b9b15a",
                "16, 2bd926d88792965a",
                "17, 621f018aad19b14a",
                "32, 8911535e799e4d99",
                "33, b6d8b523db9b284c",
                "64, 1b1bf114c7371f1b",
                "65, f0037f8ac0441cc4",
                "96, cfb21e0d09d8ef29",
                "97, e1415ca7902a74da",
                "128, e9549af9a74093e6",
                "129, b54ad1cd8a4c84b9",
                "144, 3f50ca07e0dcde52",
                "200, 660156a92b43203f",
                "240, 3e136902ec966624",
                "241, bd7d29b6ba966d6a",
                "256, ff5a1cefade75bb9",
                "512, f6fe51471f2fa1ec",
                "1024, dc5acf0b043c445b",
                "1025, c856c953bbdbc807",
                "1088, 1abb96b061cd5757",
                "2048, 848d24cc268f7498",
                "2049, 036bbe6219dfccda",
                "10000, 70e90837a48aa18d"
            })
    void hashes_as_the_reference_does(int length, String expected) {
        byte[] bytes = new byte[length + 3];
        for (int i = 0; i < length; i++) {
            bytes[i + 1] = (byte) (i * 7 + length);
        }
        assertThat(String.format("%016x", Xxh3.hash(bytes, 1, length))).isEqualTo(expected);
    }

    @Test
    void hashes_the_example_of_the_command_page() {
        assertThat(Xxh3.hash(CommandFixture.bytes("Hello world"), 0, 11)).isEqualTo(0xb6acb9d84a38ff74L);
    }
}
