import fc from "fast-check";
import {
    choices,
    doubles,
    encode,
    type Field,
    floats,
    integer,
    integers,
    lengthOf,
    message,
    text,
    texts,
} from "../../lib/onnx/protobuf";

function hex(field: Field): string {
    return Buffer.from(encode([field])).toString("hex");
}

describe("the encoding of", () => {
    // The first four are examples from https://protobuf.dev/programming-guides/encoding/.
    it.each([
        ["an integer", integer(1, 150), "089601"],
        ["a text", text(2, "testing"), "120774657374696e67"],
        ["a message", message(3, [integer(1, 150)]), "1a03089601"],
        ["packed integers", integers(6, [3, 270, 86942]), "3206038e029ea705"],
        ["the largest integer", integer(1, 2 ** 31 - 1), "08ffffffff07"],
        ["a field with a number above 15", integer(20, 7), "a00107"],
        ["packed 32-bit numbers", floats(7, [1.5, Number.NaN]), "3a080000c03f0000c07f"],
        ["packed 64-bit numbers", doubles(10, [0.1]), "52089a9999999999b93f"],
        ["non-ASCII text", text(1, "é😀"), "0a06c3a9f09f9880"],
        ["texts", texts(9, ["a", ""]), "4a01614a00"],
        ["repeated strings", choices(9, ["a", "bc"], [1, 0, 1]), "4a0262634a01614a026263"],
        ["an empty list of integers", integers(1, []), "0a00"],
    ])("%s", (_, field, expected) => {
        expect(hex(field)).toBe(expected);
    });
});

describe("the length of a field", () => {
    it("is the number of bytes that it writes, at any depth", () => {
        const values = fc.array(fc.nat(2 ** 31 - 1), { maxLength: 40 });
        fc.assert(
            fc.property(
                values,
                fc.string({ unit: "binary" }),
                fc.integer({ min: 1, max: 30 }),
                (list, word, number) => {
                    const inner = message(number, [integers(number, list), text(number, word), doubles(number, list)]);
                    const parts = [inner, message(number, [inner, integer(number, list[0] ?? 0)])];

                    // Writing past the end would fail silently. A byte after each part proves that this does not
                    // happen.
                    const end = Buffer.from(encode([...parts, text(1, "end")])).subarray(-3);
                    expect(end.toString()).toBe("end");
                    expect(encode(parts).length).toBe(lengthOf(parts));
                },
            ),
        );
    });
});
