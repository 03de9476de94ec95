import { runLayout } from "../../run/layout";
import { BUCKET } from "./helpers/backend";
import { EmulatedVm } from "./helpers/emulated-vm";
import { RUN_ID } from "./helpers/vm";

const FINISHED = runLayout("r-aaaaaaaaaa");
const OBJECTS = [FINISHED.status, FINISHED.objects, FINISHED.manifest, `${FINISHED.model}model.json`];

/** A trainer that tries every way of changing another run through the JSON API, and uploads the responses. */
const TRAINER = `
const host = process.env.STORAGE_EMULATOR_HOST, bucket = ${JSON.stringify(BUCKET)}, own = ${JSON.stringify(runLayout(RUN_ID).model)};
const objects = host + "/storage/v1/b/" + bucket + "/o/";
const uploads = host + "/upload/storage/v1/b/" + bucket + "/o?uploadType=media&name=";
const send = async (method, url, body) =>
    (await fetch(url, { method, body, headers: { "content-type": "application/json" } })).status;
(async () => {
    const answers = { made: await send("POST", uploads + encodeURIComponent(own + "forged"), "forged") };
    for (const name of ${JSON.stringify(OBJECTS)}) {
        const at = encodeURIComponent(name);
        answers[name] = [
            await send("POST", uploads + at, "{}"),
            await send("DELETE", objects + at),
            await send("PATCH", objects + at, JSON.stringify({ metadata: { forged: "yes" } })),
            await send("POST", objects + encodeURIComponent(own + "forged") + "/rewriteTo/b/" + bucket + "/o/" + at, "{}"),
            await send("POST", objects + at + "/compose", JSON.stringify({ sourceObjects: [{ name: own + "forged" }] })),
        ];
    }
    answers.added = await send("POST", uploads + encodeURIComponent(${JSON.stringify(`${FINISHED.model}extra.json`)}), "{}");
    process.exit((await send("POST", uploads + encodeURIComponent(own + "answers.json"), JSON.stringify(answers))) - 200);
})();
`;

describe("a later run", () => {
    it("cannot overwrite, delete or forge a finished run's objects, or add objects to it", async () => {
        await EmulatedVm.with(0, async (vm) => {
            for (const name of OBJECTS) {
                await vm.backend.bucket.put(name, `{"of":"${name}"}`);
            }
            await vm.create(await vm.pushTrainer(TRAINER));
            await vm.untilOff();

            expect(await vm.status()).toMatchObject({ state: "SUCCEEDED" });
            const answers = String(await vm.backend.bucket.getBytes(`${runLayout(RUN_ID).model}answers.json`));
            expect(JSON.parse(answers)).toEqual({
                made: 200,
                ...Object.fromEntries(OBJECTS.map((name) => [name, [403, 403, 403, 403, 403]])),
                added: 403,
            });
            expect(await vm.backend.bucket.list(FINISHED.root)).toEqual([...OBJECTS].sort());
            for (const name of OBJECTS) {
                expect(String(await vm.backend.bucket.getBytes(name))).toBe(`{"of":"${name}"}`);
            }
        });
    });
});
