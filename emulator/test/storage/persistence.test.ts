import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { TestEmulator } from "../../src/testing";

let emulator: TestEmulator;

beforeEach(async () => {
    emulator = await TestEmulator.start();
});
afterEach(() => emulator.stop());

describe("a restarted emulator", () => {
    it("still has its buckets, objects, versions, policies, accounts and grants", async () => {
        await emulator.makeBucket("kept-bucket", { versioning: { enabled: true }, labels: { a: "1" } });
        await emulator.upload("kept-bucket", "a/b", "one");
        const live = await emulator.upload("kept-bucket", "a/b", "two");
        await emulator.call("POST", "/v1/projects/demo-project/serviceAccounts", {
            body: { accountId: "kept-account" },
        });
        const bindings = [{ role: "roles/storage.objectViewer", members: ["allUsers"] }];
        await emulator.call("PUT", "/storage/v1/b/kept-bucket/iam", { body: { bindings } });
        const paths = [
            "/b/kept-bucket?fields=name,labels,generation,metageneration,versioning",
            "/b/kept-bucket/o?versions=true&fields=items(name,generation,timeDeleted,md5Hash)",
            "/b/kept-bucket/iam",
            "/v1/projects/demo-project/serviceAccounts",
        ];
        const read = () => Promise.all(paths.map(async (target) => (await emulator.call("GET", target)).json));
        const before = await read();
        await emulator.restart();
        expect(await read()).toEqual(before);
        expect((await emulator.call("GET", emulator.objectPath("kept-bucket", "a/b", "?alt=media"))).text).toBe("two");
        const next = await emulator.upload(
            "kept-bucket",
            "a/b",
            "three",
            `&ifGenerationMatch=${live.at("generation")}`,
        );
        expect(next.status).toBe(200);
    });

    it("deletes contents that no object refers to", async () => {
        await emulator.makeBucket("swept-bucket");
        await emulator.upload("swept-bucket", "kept", "x");
        const blobs = path.join(emulator.dataDir, "blobs");
        await writeFile(path.join(blobs, "left-by-a-crash"), "y");
        await emulator.restart();
        expect(await readdir(blobs)).toHaveLength(1);
    });
});

describe("contents on disk", () => {
    it("are deleted with their objects", async () => {
        await emulator.makeBucket("disk-bucket");
        const blobs = path.join(emulator.dataDir, "blobs");
        await emulator.upload("disk-bucket", "a", "1");
        await emulator.upload("disk-bucket", "a", "2");
        await emulator.upload("disk-bucket", "a", "3", "&ifGenerationMatch=0");
        expect(await readdir(blobs)).toHaveLength(1);
        await emulator.call("DELETE", emulator.objectPath("disk-bucket", "a"));
        expect(await readdir(blobs)).toEqual([]);
    });
});

describe("the inventory", () => {
    it("lists everything that would cost money or clutter a project, and is empty at the end", async () => {
        await emulator.makeBucket("counted-bucket");
        await emulator.upload("counted-bucket", "a", "1");
        await emulator.call("POST", "/v1/projects/demo-project/serviceAccounts", { body: { accountId: "counted" } });
        const member = "serviceAccount:counted@demo-project.iam.gserviceaccount.com";
        const setPolicy = (bindings: object[]) =>
            emulator.call("POST", "/v1/projects/demo-project:setIamPolicy", { body: { policy: { bindings } } });
        await setPolicy([{ role: "roles/logging.logWriter", members: [member] }]);
        expect(await emulator.inventory()).toEqual([
            { kind: "storage bucket", name: "counted-bucket (1 object version)" },
            { kind: "service account", name: "counted@demo-project.iam.gserviceaccount.com" },
            { kind: "project IAM binding", name: `roles/logging.logWriter for ${member} on projects/demo-project` },
        ]);

        await setPolicy([]);
        await emulator.call("DELETE", `/v1/projects/-/serviceAccounts/${member.split(":")[1]}`);
        await emulator.call("DELETE", emulator.objectPath("counted-bucket", "a"));
        await emulator.call("DELETE", "/storage/v1/b/counted-bucket");
        expect(await emulator.inventory()).toEqual([]);
    });
});
