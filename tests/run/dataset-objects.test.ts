import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { startTestEmulator, type TestEmulator } from "../../emulator/src/testing";
import {
    commonFolder,
    type DatasetObject,
    datasetLimits,
    identityOf,
    listDataset,
    literalPrefix,
    renderDatasetList,
} from "../../run/dataset-objects";
import { readLocalDataset } from "../../run/local-dataset";

let emulator: TestEmulator;
/** Objects that the tests only read. */
const SHARED: Readonly<Record<string, string>> = {
    "in/": "",
    "in/.hidden": "x",
    "in/_SUCCESS": "",
    "in/_old.csv": "x",
    "in/part-10.csv": "ten",
    "in/part-2.csv": "two",
    "in/part-2.txt": "text",
    "in/2026/part-1.csv": "deep",
    "in/2026/01/part-1.csv": "deeper",
    "spark/_SUCCESS": "",
    "mixed/a.csv": "a",
    "mixed/b.csv": "",
    "signs/a+b (1).csv": "x",
};

beforeAll(async () => {
    emulator = await startTestEmulator();
    await emulator.makeBucket("data");
    await emulator.makeBucket("private");
    for (const [name, content] of Object.entries(SHARED)) {
        await put(name, content);
    }
});
afterAll(() => emulator.stop());

const put = (name: string, content: string) => emulator.bucket("data").put(name, content);

function list(pattern: string, bucket = "data", url = emulator.url): Promise<DatasetObject[]> {
    const config: Record<string, string> = {
        "gcp:accessToken": "developer",
        "gcp:storageCustomEndpoint": `${url}/storage/v1/`,
    };
    return listDataset({ bucket, pattern }, (key) => config[key]);
}

const names = async (pattern: string) => (await list(pattern)).map(({ name }) => name);

describe("the objects of a dataset", () => {
    it.each([
        ["in/", ["in/_old.csv", "in/part-10.csv", "in/part-2.csv", "in/part-2.txt"]],
        ["in/part-*.csv", ["in/part-10.csv", "in/part-2.csv"]],
        ["in/*/part-1.csv", ["in/2026/part-1.csv"]],
        [
            "in/**.csv",
            ["in/2026/01/part-1.csv", "in/2026/part-1.csv", "in/_old.csv", "in/part-10.csv", "in/part-2.csv"],
        ],
        ["**/part-1.csv", ["in/2026/01/part-1.csv", "in/2026/part-1.csv"]],
        ["signs/a+b (*).csv", ["signs/a+b (1).csv"]],
    ])("of %s are those that it names, sorted, without markers or subfolders", async (pattern, expected) => {
        expect(await names(pattern)).toEqual(expected);
    });

    it("are listed with their generation, size and hashes", async () => {
        expect(await list("in/part-2.*v")).toEqual([
            {
                name: "in/part-2.csv",
                generation: expect.stringMatching(/^\d+$/),
                sizeBytes: 3,
                md5Hash: "uKn3Fdu2T9XFbneDxoIKYQ==",
                crc32c: expect.stringMatching(/^.{6}==$/),
            },
        ]);
    });

    describe("on several pages of a listing", () => {
        const before = { ...datasetLimits };
        beforeAll(async () => {
            await Promise.all(Array.from({ length: 10 }, (_, i) => put(`pages/${i}.csv`, "x")));
        });
        beforeEach(() => {
            datasetLimits.page = 3;
        });
        afterEach(() => {
            Object.assign(datasetLimits, before);
        });

        it("are all found", async () => {
            expect(await names("pages/")).toHaveLength(10);
        });

        it("are reported if there are too many", async () => {
            datasetLimits.objects = 9;
            await expect(list("pages/*.csv")).rejects.toThrow(
                'must match at most 9 objects; got "gs://data/pages/*.csv", which matches more (gcloud storage objects compose)',
            );
        });

        it("are reported if too many others would have to be searched", async () => {
            datasetLimits.searched = 6;
            await expect(list("pages/*7.csv")).rejects.toThrow(
                'must be a pattern that is resolved by checking at most 6 objects; got "gs://data/pages/*7.csv", but more than 6 objects have names that begin with gs://data/pages/',
            );
        });
    });

    it.each([
        ["none/", 'must match at least one object; got "gs://data/none/", which matches none'],
        ["spark/", 'must match at least one object; got "gs://data/spark/", which matches none'],
        ["in/*.json", "(gcloud storage ls 'gs://data/in/**')"],
        ["in/*.json", "which matches none, only a subfolder"],
        ["mixed/", 'must match only non-empty objects; got "gs://data/mixed/", which matches mixed/b.csv (0 bytes)'],
    ])("are reported if there are none in %s, or one is empty", async (pattern, message) => {
        await expect(list(pattern)).rejects.toThrow(message);
    });

    it("are reported if the bucket does not exist, may not be listed or cannot be reached", async () => {
        await expect(list("in/", "nowhere")).rejects.toThrow(
            'must be in a bucket that exists; got "gs://nowhere/in/" (gcloud storage buckets list)',
        );
        const stranger = await emulator.endpointAs({
            kind: "serviceAccount",
            email: "stranger@demo-project.iam.gserviceaccount.com",
        });
        await expect(list("in/", "private", stranger)).rejects.toThrow(
            /^must match objects that you can list; got "gs:\/\/private\/in\/" but stranger@.* storage\.objects\.list .*--role roles\/storage\.objectViewer\)$/,
        );
    });
});

describe("the identity of a dataset's objects", () => {
    const object = (name: string, changes: Partial<DatasetObject> = {}): DatasetObject => ({
        name,
        generation: "1",
        sizeBytes: 3,
        md5Hash: "uKn3Fdu2T9XFbneDxoIKYQ==",
        crc32c: "AAAAAA==",
        ...changes,
    });

    it("covers names in the folder, sizes and contents, but neither generations nor the folder's location", () => {
        const before = identityOf([object("in/a.csv")], "in/*.csv");
        const same = [
            identityOf([object("in/a.csv", { generation: "2" })], "in/"),
            identityOf([object("other/a.csv")], "other/a*"),
        ];
        const others = [
            identityOf([object("in/b.csv")], "in/"),
            identityOf([object("in/a.csv", { sizeBytes: 4 })], "in/"),
            identityOf([{ name: "in/a.csv", generation: "1", sizeBytes: 3, crc32c: "AAAAAA==" }], "in/"),
            identityOf([object("in/a.csv"), object("in/b.csv")], "in/"),
        ];

        expect(same).toEqual([before, before]);
        expect(new Set([before, ...others]).size).toBe(5);
    });

    it("equals that of the same files in a folder on this machine", async () => {
        const folder = mkdtempSync(path.join(tmpdir(), "dataset-"));
        writeFileSync(path.join(folder, "part-10.csv"), "ten");
        writeFileSync(path.join(folder, "part-2.csv"), "two");
        const { identity } = readLocalDataset(folder);
        rmSync(folder, { recursive: true });

        expect(identityOf(await list("in/part-*.csv"), "in/part-*.csv")).toBe(identity);
    });
});

it.each([
    ["in/", "in/", "in/"],
    ["in/part-*.csv", "in/part-", "in/"],
    ["*.csv", "", ""],
    ["a/*/b/**", "a/", "a/"],
])("the pattern %s begins with the text %j, in the folder %j", (pattern, prefix, folder) => {
    expect([literalPrefix(pattern), commonFolder(pattern)]).toEqual([prefix, folder]);
});

it("the list for a container is JSON, with one object per line", () => {
    const objects = ["a", "b"].map((name) => ({ name, generation: "1", sizeBytes: 2, crc32c: "AAAAAA==" }));
    const text = renderDatasetList({ bucket: "data", pattern: "*" }, objects);

    expect(JSON.parse(text)).toEqual({ schema: 1, uri: "gs://data/*", bucket: "data", objects });
    expect(text.split("\n").filter((line) => line.includes('"name"'))).toHaveLength(2);
});
