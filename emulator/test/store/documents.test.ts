import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DocumentStore } from "../../src/store/documents";

let folder: string;

beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "documents-test-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("the document store", () => {
    it("keeps documents for the next process", async () => {
        const keys = ["plain", "UPPER", "upper", "a/b", "ä".repeat(300), "..", "line\nfeed"];
        const first = new DocumentStore(folder).collection<{ key: string }>("things");
        await Promise.all(keys.map((key) => first.put(key, { key })));
        const second = new DocumentStore(folder).collection<{ key: string }>("things");
        expect(second.entries()).toEqual([...keys].sort().map((key) => [key, { key }]));
    });

    it("shows a write immediately, and stores the last of many writes", async () => {
        const things = new DocumentStore(folder).collection<number>("things");
        const writes = Array.from({ length: 20 }, (_, index) => things.put("counter", index));
        expect(things.get("counter")).toBe(19);
        await Promise.all(writes);
        expect(new DocumentStore(folder).collection("things").get("counter")).toBe(19);
        expect(await readdir(path.join(folder, "things"))).toHaveLength(1);
    });

    it("deletes documents permanently", async () => {
        const things = new DocumentStore(folder).collection<number>("things");
        await things.put("a", 1);
        expect(await things.delete("a")).toBe(true);
        expect(await things.delete("a")).toBe(false);
        expect(new DocumentStore(folder).collection("things").size).toBe(0);
    });

    it("deletes a collection together with its folder", async () => {
        const store = new DocumentStore(folder);
        await store.collection<number>("objects/bucket").put("a", 1);
        await store.drop("objects/bucket");
        expect(store.collection("objects/bucket").size).toBe(0);
        expect(await readdir(path.join(folder, "objects"))).toEqual(["bucket"]);
    });

    it("deletes files that a crash left half-written", async () => {
        await new DocumentStore(folder).collection<number>("things").put("a", 1);
        await writeFile(path.join(folder, "things", "a.json.123.tmp"), '{"key":');
        expect(new DocumentStore(folder).collection("things").entries()).toEqual([["a", 1]]);
        expect(await readdir(path.join(folder, "things"))).toHaveLength(1);
    });

    it("throws an error that names the document if it cannot be read", async () => {
        const file = path.join(folder, "things", "broken.json");
        await new DocumentStore(folder).collection<number>("things").put("a", 1);
        await writeFile(file, "{");
        expect(() => new DocumentStore(folder).collection("things")).toThrow(file);
    });
});
