import fc from "fast-check";
import { FastCrc32c } from "../src/crc32c";

function checksum(...parts: (string | Uint8Array)[]): string {
    const crc = new FastCrc32c();
    for (const part of parts) {
        crc.update(Buffer.from(part as string));
    }
    return crc.toString();
}

/** Computes the checksum bit by bit, from the definition: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4 */
function slowChecksum(data: Uint8Array): string {
    let crc = 0xffffffff;
    for (const byte of data) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) {
            crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(~crc);
    return bytes.toString("base64");
}

describe("FastCrc32c", () => {
    it.each([
        ["123456789", "e3069283"],
        ["", "00000000"],
        ["\0".repeat(32), "8a9136aa"],
    ])("matches the published value for %j", (text, hex) => {
        expect(checksum(text)).toBe(Buffer.from(hex, "hex").toString("base64"));
    });

    it("matches the definition for any data split into any parts", () => {
        const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });
        fc.assert(
            fc.property(parts, (list) => {
                expect(checksum(...list)).toBe(slowChecksum(Buffer.concat(list)));
            }),
        );
    });

    it("rejects a wrong checksum", () => {
        const crc = new FastCrc32c();
        crc.update(Buffer.from("123456789"));
        expect(crc.validate("4waSgw==")).toBe(true);
        expect(crc.validate("4waSgg==")).toBe(false);
    });
});
