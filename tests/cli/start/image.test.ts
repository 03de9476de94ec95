import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { hashContext } from "../../../cli/start/resources/image";

describe("hashContext", () => {
    let folder: string;
    const write = (name: string, text: string) => {
        mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        writeFileSync(path.join(folder, name), text);
    };

    beforeEach(() => {
        folder = mkdtempSync(path.join(tmpdir(), "context-"));
        write("src/train.py", "print(1)");
        write("node_modules/x/index.js", "x");
        write("Dockerfile", "FROM scratch");
        write(".dockerignore", "*\n!Dockerfile\n!src\n");
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("ignores changes to an ignored file", async () => {
        const before = await hashContext(folder, {});
        write("node_modules/x/index.js", "y");
        expect(await hashContext(folder, {})).toBe(before);
    });

    it.each<[string, () => void, Record<string, string>]>([
        ["the content of a file", () => write("src/train.py", "print(2)"), {}],
        ["a new file", () => write("src/more.py", ""), {}],
        ["a build arg", () => undefined, { BASE: "other" }],
    ])("changes with %s", async (_what, change, args) => {
        const before = await hashContext(folder, {});
        change();
        expect(await hashContext(folder, args)).not.toBe(before);
    });
});
