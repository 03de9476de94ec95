import { ConfigError } from "../../infra/config/issues";
import {
    type Declared,
    type DeclaredStack,
    declareJob,
    declareStack,
    IMAGE_DIGEST,
    REGISTRY_URI,
    resource,
} from "./declared-stack";
import { BUCKET, expected, RUN_ID, VM } from "./expected-stack";

const COMPONENTS = 7;

const custom = ({ resources }: DeclaredStack): Declared[] =>
    resources.filter(({ type }) => !type.startsWith("gcp-trainer:"));

describe("the stack with the default config", () => {
    let stack: DeclaredStack;
    beforeAll(async () => {
        stack = await declareJob();
    });

    it("declares the expected resources and no others", () => {
        expect(
            custom(stack)
                .map(({ name }) => name)
                .sort(),
        ).toEqual(expected.map(({ name }) => name).sort());
    });

    it.each(expected)("declares $name, a $type under $parent", (wanted) => {
        const { type, name, parent, dependsOn = [], inputs, free = [], isOwned } = wanted;
        const owner = isOwned ? "trainer-cleanup" : undefined;
        const declared = resource(stack, type, name);
        const anyValues = Object.fromEntries(free.map((input) => [input, expect.anything()]));

        expect(declared.inputs).toEqual({ ...inputs, ...anyValues });
        expect(declared.options.parent).toBe(parent);
        expect(declared.options.dependsOn).toEqual(dependsOn);
        expect(declared.options.deletedWith).toBe(name === "trainer-vm" ? "trainer-vm-cleanup" : owner);
    });

    it("puts everything in the config's project, region and zone", () => {
        const locations = custom(stack).flatMap(({ inputs }) =>
            ["project", "location", "region", "zone"]
                .filter((input) => input in inputs)
                .map((input) => `${input} ${inputs[input]}`),
        );

        expect([...new Set(locations)].sort()).toEqual([
            "location US-CENTRAL1",
            "location us-central1",
            "project my-project",
            "region us-central1",
            "zone us-central1-a",
        ]);
    });

    it("puts all components under TrainingJob", () => {
        const components = stack.resources.filter(({ type }) => type.startsWith("gcp-trainer:"));

        expect(components.map(({ type, options }) => [type, options.parent])).toEqual([
            ["gcp-trainer:index:TrainingJob", undefined],
            ["gcp-trainer:infra:EnabledApis", "trainer"],
            ["gcp-trainer:infra:DataBucket", "trainer"],
            ["gcp-trainer:infra:TrainerImage", "trainer"],
            ["gcp-trainer:infra:TrainerIdentity", "trainer"],
            ["gcp-trainer:infra:PrivateNetwork", "trainer"],
            ["gcp-trainer:infra:TrainerVm", "trainer"],
        ]);
    });

    it("deletes the VM and the grant for its run before replacing them, and never replaces a VM because of a newer boot image", () => {
        for (const { name, options } of custom(stack)) {
            const isVm = name === "trainer-vm";
            const isOfRun = isVm || name === "trainer-identity-runs-writer";
            expect(options.deleteBeforeReplace).toBe(isOfRun ? true : undefined);
            expect(options.ignoreChanges).toEqual(
                isVm ? ["bootDisk.initializeParams.image", "bootDisk.initializeParams.labels", "labels"] : undefined,
            );
        }
    });

    it("protects no resource, so that destroy leaves nothing behind", () => {
        expect(custom(stack).filter(({ options }) => options.protect)).toEqual([]);
    });

    it("reads nothing except the deployer's token", () => {
        expect(stack.calls.map(({ token }) => token)).toEqual(["gcp:organizations/getClientConfig:getClientConfig"]);
    });
});

describe("index.ts", () => {
    it("declares nothing if the config is invalid", async () => {
        const errors: unknown[] = [];
        const program = async () => {
            try {
                return await require("../../index")();
            } catch (error) {
                errors.push(error);
                return {};
            }
        };
        const { resources } = await declareStack(program, { maxRunMinutes: "0" });

        expect(resources).toEqual([]);
        expect(errors).toEqual([expect.any(ConfigError)]);
    });

    it("exports the model's location, and the resources that are billed", async () => {
        const { outputs, resources } = await declareStack(() => require("../../index")());

        expect(resources).toHaveLength(expected.length + COMPONENTS);
        expect(outputs).toEqual({
            bucketUrl: `gs://${BUCKET}`,
            modelUri: `gs://${BUCKET}/runs/${RUN_ID}/model/`,
            runId: RUN_ID,
            metrics: { accuracy: 0.95 },
            imageDigest: IMAGE_DIGEST,
            instanceName: VM,
            logsUrl:
                "https://console.cloud.google.com/logs/query;query=resource.type%3D%22gce_instance%22%20resource.labels.instance_id%3D%2242%22?project=my-project",
            resultsDir: `models/dev/${RUN_ID}`,
            leftToBill: [`boot disk of ${VM}, 20 GB`, `images in ${REGISTRY_URI}`, `objects in gs://${BUCKET}`],
            cost: { unknown: expect.stringContaining("ECONNREFUSED") },
            runCost: null,
        });
    });
});
