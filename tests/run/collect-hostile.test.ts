import { execFileSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { inTemporaryFolder } from "./collecting";
import { runId } from "./fakes";
import { bucketWith, model } from "./successful-run";

const { root, folder, read, collect } = inTemporaryFolder();

describe("collecting output that a trainer or somebody on this machine has manipulated", () => {
    it.each([
        "../../evil.sh",
        "/etc/passwd",
        "a/../../b",
        "a//b",
        "..\\evil",
        "C:/windows/x",
        "a:b",
        "con.txt",
        "./a",
        "a\nb",
        "\u001b[2J",
        "dir/",
        "x".repeat(256),
        `${"long/".repeat(170)}x`,
        "MODEL.json",
        "model.json/part",
        "Status.JSON/part",
        "renamed",
    ])("saves the object %j under another name, and every other object under its own", async (name) => {
        const bucket = bucketWith({ "model.json": "{}", "model.json.txt": "text", [name]: "bytes" });
        const printed: string[] = [];

        await expect(collect(bucket, printed)).resolves.toMatchObject({ objectCount: 3, downloadedCount: 3 });

        const { objects } = JSON.parse(read("manifest.json")) as { objects: { name: string; path: string }[] };
        const renamed = objects.filter(({ path }) => path.startsWith("renamed/"));
        expect(renamed).toHaveLength(1);
        expect(objects.map(({ path }) => read(path)).sort()).toEqual(["bytes", "text", "{}"]);
        expect(read("model.json.txt")).toBe("text");
        expect(readdirSync(root())).toEqual(["models"]);
        expect(readdirSync(path.join(root(), "models"))).toEqual(["dev"]);
        expect(readdirSync(path.join(root(), "models", "dev")).sort()).toEqual(["index.html", runId]);
        expect(printed.join("\n")).toContain(`it is saved as ${renamed[0]?.path}`);
        expect(printed.join("")).not.toMatch(/\p{Cc}/u);
        await expect(collect(bucket)).resolves.toMatchObject({ downloadedCount: 0 });
    });

    it("keeps all objects even if their names conflict", async () => {
        const names = ["a", "a/b", "A", "a/B", "manifest.json", "model/manifest.json", "model", "é", "e\u0301"];
        const bucket = bucketWith(Object.fromEntries(names.map((name) => [name, `of ${name}`])));

        await collect(bucket);

        const { objects } = JSON.parse(read("manifest.json")) as { objects: { name: string; path: string }[] };
        expect(objects.map(({ name, path }) => [name.slice(model.length + 1), read(path)])).toEqual(
            objects.map(({ name }) => [name.slice(model.length + 1), `of ${name.slice(model.length + 1)}`]),
        );
        expect(objects).toHaveLength(names.length);
        expect(new Set(objects.map(({ path }) => path.toLowerCase())).size).toBe(names.length);
    });

    it.each([
        ["nested 20,000 levels deep", `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`],
        ["larger than 16 MiB", `{"a":"${"x".repeat(17 * 1024 * 1024)}"}`],
        ["compressed", gzipSync('{"a":1}')],
    ])("saves a metrics.json that is %s, but returns no metrics", async (_what, content) => {
        const printed: string[] = [];

        await expect(collect(bucketWith({ "metrics.json": content }), printed)).resolves.toMatchObject({ metrics: {} });

        expect(readFileSync(path.join(folder(), "metrics.json")).equals(Buffer.from(content))).toBe(true);
        expect(printed.join()).toContain("its metrics are not shown");
    });

    it("never writes through a link that points outside the results folder", async () => {
        const bucket = bucketWith({ "sub/model.json": "{}", "model.json": "{}" });
        await collect(bucket);
        const outside = mkdtempSync(path.join(tmpdir(), "outside-"));
        try {
            rmSync(path.join(folder(), "sub"), { recursive: true });
            symlinkSync(outside, path.join(folder(), "sub"));

            await expect(collect(bucket)).rejects.toThrow(`got a symbolic link to ${outside} (remove the link)`);
            rmSync(folder(), { recursive: true });
            symlinkSync(outside, folder());
            await expect(collect(bucket)).rejects.toThrow(`got a symbolic link to ${outside} (remove the link)`);

            expect(readdirSync(outside)).toEqual([]);
        } finally {
            rmSync(outside, { recursive: true });
        }
    });

    it("replaces a link or a pipe with the saved file, and leaves the link's target alone", async () => {
        const bucket = bucketWith({ "linked.json": "{}", "model.json": "{}", "metrics.json": '{"n":1}' });
        await collect(bucket);
        const target = path.join(root(), "target.json");
        writeFileSync(target, "mine");
        for (const name of [
            "linked.json",
            "model.json",
            "metrics.json",
            "manifest.json",
            "status.json",
            "trainer.log",
        ]) {
            rmSync(path.join(folder(), name));
            if (name === "linked.json") {
                symlinkSync(target, path.join(folder(), name));
            } else {
                execFileSync("mkfifo", [path.join(folder(), name)]);
            }
        }

        await expect(collect(bucket)).resolves.toMatchObject({ downloadedCount: 3, metrics: { n: 1 } });

        expect(lstatSync(path.join(folder(), "linked.json")).isFile()).toBe(true);
        expect(read("model.json")).toBe("{}");
        expect(readFileSync(target, "utf8")).toBe("mine");
        await expect(collect(bucket)).resolves.toMatchObject({ downloadedCount: 0 });
    });
});
