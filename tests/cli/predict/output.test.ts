import { symlinkSync } from "node:fs";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { predict } from "../../../cli/predict/command";
import { PredictFolder } from "./support";

let place: PredictFolder;
beforeEach(() => {
    place = new PredictFolder();
});
afterEach(() => place.remove());

describe("the output", () => {
    beforeEach(() => place.write("new.csv", "size\n5\n"));

    it("replaces a file with --force only", async () => {
        place.write("out.csv", "mine");

        expect(await place.failure("prices", "new.csv", "out.csv")).toBe(
            "The output out.csv is there already: --force replaces it",
        );
        expect(place.read("out.csv")).toBe("mine");
        await place.predict("prices", "new.csv", "out.csv", "--force");
        expect(place.read("out.csv")).toContain("1234.5");
    });

    it.each(["new.csv", "./pets/../new.csv", "link.csv"])("never replaces the input: %s", async (output) => {
        symlinkSync(path.join(place.folder, "new.csv"), path.join(place.folder, "link.csv"));

        const said = await place.failure("prices", "new.csv", output, "--force");

        expect(said).toBe(`The output ${output} is the input: give another name`);
        expect(place.read("new.csv")).toBe("size\n5\n");
    });

    it("never replaces the model", async () => {
        const said = await place.failure("prices", "new.csv", "prices/model.json", "--force", "-f", "jsonl");

        expect(said).toContain("is the model");
    });

    it.each([
        ["pets", "-f", "csv", "The output pets is a folder"],
        ["none/out.csv", "-f", "csv", "The output none/out.csv has no folder: none is not there"],
    ])("is refused when it is %s", async (output, flag, format, message) => {
        expect(await place.failure("prices", "new.csv", output, flag, format)).toContain(message);
    });

    it("replaces the file behind a symbolic link, not the link", async () => {
        place.write("elsewhere.csv", "old");
        symlinkSync(path.join(place.folder, "elsewhere.csv"), path.join(place.folder, "out.csv"));

        await place.predict("prices", "new.csv", "out.csv", "--force");

        expect(place.read("elsewhere.csv")).toContain("1234.5");
    });

    it.each(["csv", "jsonl", "xlsx"])("leaves nothing when the input breaks off: %s", async (format) => {
        place.write("new.csv", Buffer.from(`size\n${"5\n".repeat(200_000)}\xff\n`, "latin1"));

        const said = await place.failure("prices", "new.csv", `out.${format}`);

        expect(said).toContain("new.csv is not UTF-8 text after byte ");
        expect(place.files()).toEqual(["new.csv", "pets", "prices"]);
    });

    it.each(["csv", "jsonl", "xlsx"])(
        "leaves nothing when it is stopped, and keeps what was there: %s",
        async (format) => {
            const output = `out.${format}`;
            place.write(output, "mine");
            // It goes on for ever: only the signal ends it.
            place.stdin = Readable.from(
                endless(() => place.files().some((name) => name.endsWith(".partial")), place.stop),
            );

            await expect(place.predict("prices", "-", output, "--force")).rejects.toThrow("abort");

            expect(place.read(output)).toBe("mine");
            expect(place.files()).toEqual(["new.csv", output, "pets", "prices"]);
        },
    );

    it("is written as it comes when it is a device", async () => {
        await expect(place.predict("prices", "new.csv", "/dev/null", "-f", "csv")).resolves.toMatchObject({
            status: 0,
        });
    });

    it("ends when nobody reads it any more", async () => {
        const stdout = new Writable({
            write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
        });

        await expect(predict(["prices", "new.csv"], place.surroundings(stdout))).rejects.toThrow("EPIPE");
    });
});

/** Rows without end, which stop the work once it has begun to write. */
async function* endless(begun: () => boolean, stop: AbortController): AsyncGenerator<Buffer, void> {
    yield Buffer.from("size\n");
    for (;;) {
        yield Buffer.from("5\n".repeat(10_000));
        if (begun()) {
            stop.abort();
        }
    }
}
