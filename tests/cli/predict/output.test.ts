import { symlinkSync } from "node:fs";
import path from "node:path";
import { Readable, Writable } from "node:stream";
import { predict } from "../../../cli/predict/command";
import { PredictFolder } from "./support";

let folder: PredictFolder;
beforeEach(() => {
    folder = new PredictFolder();
});
afterEach(() => folder.remove());

describe("the output from npm run predict", () => {
    beforeEach(() => folder.write("new.csv", "size\n5\n"));

    it("replaces a file only with --force", async () => {
        folder.write("out.csv", "mine");

        expect(await folder.failure("prices", "new.csv", "out.csv")).toBe(
            "The output out.csv already exists (--force replaces it)",
        );
        expect(folder.read("out.csv")).toBe("mine");
        await folder.predict("prices", "new.csv", "out.csv", "--force");
        expect(folder.read("out.csv")).toContain("1234.5");
    });

    it.each(["new.csv", "./pets/../new.csv", "link.csv"])("never replaces the input: %s", async (output) => {
        symlinkSync(path.join(folder.path, "new.csv"), path.join(folder.path, "link.csv"));

        const said = await folder.failure("prices", "new.csv", output, "--force");

        expect(said).toBe(`The output ${output} is the input; choose another name`);
        expect(folder.read("new.csv")).toBe("size\n5\n");
    });

    it("never replaces the model", async () => {
        const said = await folder.failure("prices", "new.csv", "prices/model.json", "--force", "-f", "jsonl");

        expect(said).toContain("is the model");
    });

    it.each([
        ["pets", "-f", "csv", "The output pets is a folder"],
        ["none/out.csv", "-f", "csv", "The folder for the output none/out.csv does not exist"],
    ])("is rejected if it is %s", async (output, flag, format, message) => {
        expect(await folder.failure("prices", "new.csv", output, flag, format)).toContain(message);
    });

    it("replaces the file behind a symbolic link, not the link", async () => {
        folder.write("elsewhere.csv", "old");
        symlinkSync(path.join(folder.path, "elsewhere.csv"), path.join(folder.path, "out.csv"));

        await folder.predict("prices", "new.csv", "out.csv", "--force");

        expect(folder.read("elsewhere.csv")).toContain("1234.5");
    });

    it.each(["csv", "jsonl", "xlsx"])("is not written if the input is invalid: %s", async (format) => {
        folder.write("new.csv", Buffer.from(`size\n${"5\n".repeat(200_000)}\xff\n`, "latin1"));

        const said = await folder.failure("prices", "new.csv", `out.${format}`);

        expect(said).toContain("new.csv is not UTF-8 text after byte ");
        expect(folder.files()).toEqual(["new.csv", "pets", "prices"]);
    });

    it.each(["csv", "jsonl", "xlsx"])("keeps an existing file if the command is stopped: %s", async (format) => {
        const output = `out.${format}`;
        folder.write(output, "mine");
        // The input is endless, so only the signal can end the command.
        folder.stdin = Readable.from(
            endless(() => folder.files().some((name) => name.endsWith(".partial")), folder.stop),
        );

        await expect(folder.predict("prices", "-", output, "--force")).rejects.toThrow("abort");

        expect(folder.read(output)).toBe("mine");
        expect(folder.files()).toEqual(["new.csv", output, "pets", "prices"]);
    });

    it("can be a device", async () => {
        await expect(folder.predict("prices", "new.csv", "/dev/null", "-f", "csv")).resolves.toMatchObject({
            status: 0,
        });
    });

    it("ends the command if the reader closes the pipe", async () => {
        const stdout = new Writable({
            write: (_chunk, _encoding, done) => done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" })),
        });

        await expect(predict(["prices", "new.csv"], folder.context(stdout))).rejects.toThrow("EPIPE");
    });
});

/** An endless stream of rows that stops the command as soon as the command has begun to write. */
async function* endless(begun: () => boolean, stop: AbortController): AsyncGenerator<Buffer, void> {
    yield Buffer.from("size\n");
    for (;;) {
        yield Buffer.from("5\n".repeat(10_000));
        if (begun()) {
            stop.abort();
        }
    }
}
