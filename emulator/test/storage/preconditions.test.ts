import { checkPreconditions, readPreconditions } from "../../src/storage/preconditions";
import { TestEmulator } from "../../src/testing";

const current = { generation: "100", metageneration: 3 };

/** Returns the status of a check: 200 if it passes. */
function check(query: string, object: typeof current | undefined, access: "read" | "write"): number {
    try {
        checkPreconditions(readPreconditions(new URLSearchParams(query)), object, access);
        return 200;
    } catch (error) {
        return (error as { code: number }).code;
    }
}

describe("preconditions", () => {
    it.each([
        ["", 200, 200, 200],
        ["ifGenerationMatch=100", 200, 200, 412],
        ["ifGenerationMatch=99", 412, 412, 412],
        ["ifGenerationMatch=0", 412, 412, 200],
        ["ifGenerationNotMatch=100", 304, 412, 200],
        ["ifGenerationNotMatch=99", 200, 200, 200],
        ["ifGenerationNotMatch=0", 200, 200, 412],
        ["ifMetagenerationMatch=3", 200, 200, 412],
        ["ifMetagenerationMatch=2", 412, 412, 412],
        ["ifMetagenerationNotMatch=3", 304, 412, 200],
        ["ifMetagenerationNotMatch=2", 200, 200, 200],
        ["ifGenerationMatch=100&ifMetagenerationMatch=2", 412, 412, 412],
        ["ifGenerationMatch=0100", 200, 200, 412],
        ["ifGenerationMatch=-1", 400, 400, 400],
        ["ifGenerationMatch=abc", 400, 400, 400],
        ["ifGenerationMatch=", 400, 400, 400],
    ])("return, for %j, %i for a read, %i for a write, %i for a new object", (query, read, write, created) => {
        expect([
            check(query, current, "read"),
            check(query, current, "write"),
            check(query, undefined, "write"),
        ]).toEqual([read, write, created]);
    });
});

describe("preconditions over HTTP", () => {
    let emulator: TestEmulator;
    beforeAll(async () => {
        emulator = await TestEmulator.start();
        await emulator.makeBucket("conditions");
    });
    afterAll(() => emulator.stop());

    const path = (query = "") => emulator.objectPath("conditions", "status.json", query);

    it("allow only one of many writers to create an object", async () => {
        const writers = Array.from({ length: 8 }, (_, index) =>
            emulator.upload("conditions", "claimed", `writer ${index}`, "&ifGenerationMatch=0"),
        );
        const statuses = (await Promise.all(writers)).map(({ status }) => status);
        expect(statuses.sort()).toEqual([200, 412, 412, 412, 412, 412, 412, 412]);
    });

    it("allow only one of many writers to replace a generation", async () => {
        const before = (await emulator.upload("conditions", "replaced", "0")).at("generation");
        const writers = Array.from({ length: 8 }, (_, index) =>
            emulator.upload("conditions", "replaced", `writer ${index}`, `&ifGenerationMatch=${before}`),
        );
        const answers = await Promise.all(writers);
        expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    });

    it("are checked by every method", async () => {
        const generation = (await emulator.upload("conditions", "status.json", "{}")).at("generation");
        const stale = "?ifGenerationMatch=1";
        const answers = await Promise.all([
            emulator.call("GET", path(stale)),
            emulator.call("GET", path(`${stale}&alt=media`)),
            emulator.call("PATCH", path(stale), { body: {} }),
            emulator.call("PUT", path(stale), { body: {} }),
            emulator.call("DELETE", path(stale)),
            emulator.upload("conditions", "status.json", "x", "&ifGenerationMatch=1"),
        ]);
        expect(answers.map(({ status }) => status)).toEqual([412, 412, 412, 412, 412, 412]);
        expect(answers[0]?.at("error")).toMatchObject({
            message: "At least one of the pre-conditions you specified did not hold.",
            errors: [{ reason: "conditionNotMet", location: "If-Match", locationType: "header" }],
        });
        const unchanged = await emulator.call("GET", path(`?ifGenerationNotMatch=${generation}`));
        expect([unchanged.status, unchanged.text]).toEqual([304, ""]);
        expect((await emulator.call("DELETE", path(`?ifGenerationMatch=${generation}`))).status).toBe(204);
    });

    it("return 404 instead of 412 if the object is missing", async () => {
        expect(
            (await emulator.call("GET", emulator.objectPath("conditions", "missing", "?ifGenerationMatch=5"))).status,
        ).toBe(404);
    });
});
