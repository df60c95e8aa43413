package io.redoubt.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.memory.Arena;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StreamTest {
    private static TreeMap<Long, String> content(Stream stream) {
        var content = new TreeMap<Long, String>();
        var cursor = new StreamCursor();
        var element = new Element();
        cursor.seekAll(stream, false);
        while (cursor.next()) {
            var text = new StringBuilder();
            for (int i = 0; i < cursor.entry().fieldCount(); i++) {
                cursor.entry().nextField(element);
                text.append(new String(element.toBytes(), StandardCharsets.ISO_8859_1))
                        .append('=');
                cursor.entry().nextValue(element);
                text.append(new String(element.toBytes(), StandardCharsets.ISO_8859_1))
                        .append(' ');
            }
            content.put(cursor.entry().ms(), text.toString());
        }
        return content;
    }

    private static void show(Element element, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        element.set(bytes, 0, bytes.length);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void does_what_a_map_does_and_shows_a_snapshot_what_was_there(long seed) {
        var random = new SplittableRandom(seed);
        var arena = new Arena(1 << 16);
        arena.setPoisoning(true);
        var stream = new Stream(arena);
        var model = new TreeMap<Long, String>();
        var thresholds = new Thresholds();
        thresholds.streamBlockEntries = 10;
        var draft = new StreamDraft();
        var id = new StreamId();
        var field = new Element();
        var value = new Element();
        Stream frozen = null;
        TreeMap<Long, String> frozenModel = new TreeMap<>();
        for (int step = 0; step < 4000; step++) {
            int choice = random.nextInt(20);
            if (choice < 12) {
                String name = random.nextInt(3) == 0 ? "n" + random.nextInt(3) : "f";
                String text = random.nextInt(2) == 0 ? "" + random.nextInt(1000) : "v".repeat(random.nextInt(100));
                show(field, name);
                show(value, text);
                draft.begin();
                assertThat(draft.add(field, value)).isTrue();
                id.set(step + 1, 0);
                stream.append(draft, id, thresholds);
                model.put(step + 1L, name + "=" + text + " ");
            } else if (choice < 18) {
                long ms = random.nextInt(step + 1);
                id.set(ms, 0);
                assertThat(stream.delete(id)).isEqualTo(model.remove(ms) != null);
            } else if (choice == 18 && random.nextInt(5) == 0) {
                var trim = new Stream.Trim();
                trim.byCount = random.nextBoolean();
                trim.countMax = model.size() - random.nextInt(30);
                trim.countMax = Math.max(trim.countMax, 0);
                long least = model.isEmpty() ? 0 : model.firstKey() + random.nextInt(30);
                trim.least.set(least, 0);
                int before = model.size();
                long removed = stream.trim(trim);
                while (!model.isEmpty() && (trim.byCount ? model.size() > trim.countMax : model.firstKey() < least)) {
                    model.pollFirstEntry();
                }
                assertThat(removed).isEqualTo(before - model.size());
            } else if (choice == 19 && random.nextInt(5) == 0) {
                if (frozen == null) {
                    arena.beginSnapshot();
                    frozen = stream;
                    frozenModel = new TreeMap<>(model);
                    stream = stream.fork();
                } else {
                    assertThat(content(frozen)).isEqualTo(frozenModel);
                    frozen = null;
                    arena.endSnapshot();
                    arena.reclaim(Integer.MAX_VALUE);
                }
            }
            arena.endUnit();
            if (step % 20 == 0) {
                stream.checkInvariants();
                assertThat(content(stream)).isEqualTo(model);
                assertThat(stream.firstEntry().ms()).isEqualTo(model.isEmpty() ? 0L : model.firstKey());
            }
        }
        if (frozen != null) {
            arena.endSnapshot();
            arena.reclaim(Integer.MAX_VALUE);
        }
        for (long at = 0; at >= 0; ) {
            at = stream.freeSome(at, 7);
        }
        arena.endUnit();
        assertThat(arena.usedBytes()).isZero();
        arena.checkInvariants();
    }
}
