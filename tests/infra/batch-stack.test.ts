import { type DeclaredStack, declareJob, resource } from "./declared-stack";
import { ACCOUNT, BASE, BUCKET, LABELS, MEMBER, RUN_ID } from "./expected-stack";

const names = ({ resources }: DeclaredStack): string[] => resources.map(({ type, name }) => `${type} ${name}`).sort();
const JOB = "pulumi-nodejs:dynamic/gcp-trainer:BatchJob";

interface Definition {
    taskGroups: { taskSpec: { runnables: { script: { text: string } }[]; maxRunDuration: string } }[];
    allocationPolicy: {
        location: object;
        instances: { policy: Record<string, unknown>; installGpuDrivers: boolean }[];
        network: { networkInterfaces: Record<string, unknown>[] };
        labels: object;
    };
    labels: object;
}

const definitionOf = (stack: DeclaredStack) => resource(stack, JOB).inputs.definition as Definition;

describe("the stack with engine batch", () => {
    let stack: DeclaredStack;
    let standard: DeclaredStack;
    beforeAll(async () => {
        standard = await declareJob();
        stack = await declareJob({ engine: "batch" });
    });

    it("replaces the VM with a Batch job, and adds only the Batch API and the role of Batch's agent", () => {
        const [more, less] = [names(stack), names(standard)];

        expect(more.filter((name) => !less.includes(name))).toEqual([
            "gcp-trainer:infra:TrainerJob trainer-job",
            "gcp:projects/iAMMember:IAMMember trainer-identity-agent-reporter",
            "gcp:projects/service:Service trainer-apis-batch",
            `${JOB} trainer-job`,
        ]);
        expect(less.filter((name) => !more.includes(name))).toEqual([
            "gcp-trainer:infra:TrainerVm trainer-vm",
            "gcp:compute/instance:Instance trainer-vm",
        ]);
        expect(resource(stack, "gcp:projects/iAMMember:IAMMember", "trainer-identity-agent-reporter").inputs).toEqual({
            project: "my-project",
            role: "roles/batch.agentReporter",
            member: MEMBER,
        });
    });

    it("has the same run id as with a VM", () => {
        expect(resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun").inputs.runId).toBe(RUN_ID);
    });

    it("has its own subnetwork, which is large enough and is also removed by the cleanup", () => {
        expect(resource(stack, "gcp:compute/subnetwork:Subnetwork").inputs).toMatchObject({
            name: `${BASE}-batch`,
            ipCidrRange: "10.132.0.0/20",
            privateIpGoogleAccess: true,
        });
        for (const name of ["trainer-cleanup", "trainer-vm-cleanup"]) {
            expect(resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:Cleanup", name).inputs).toMatchObject({
                subnetwork: `${BASE}-subnet`,
                batchSubnetwork: `${BASE}-batch`,
            });
            expect(resource(standard, "pulumi-nodejs:dynamic/gcp-trainer:Cleanup", name).inputs).not.toHaveProperty(
                "batchSubnetwork",
            );
        }
    });

    it("declares the job after the grants, and deletes the old job before it creates its replacement", () => {
        const { inputs, options } = resource(stack, JOB);

        expect(inputs).toMatchObject({
            jobId: `${BASE}-${RUN_ID}`,
            region: "us-central1",
            bucket: BUCKET,
            runId: RUN_ID,
            maxAttempts: 3,
            spotFallback: "none",
        });
        expect(options).toMatchObject({
            parent: "trainer-job",
            deleteBeforeReplace: true,
            deletedWith: "trainer-vm-cleanup",
        });
        expect(options.dependsOn).toContain("trainer-identity-agent-reporter");
        expect(options.dependsOn).toContain("trainer-identity-runs-writer");
    });

    it("defines one task on one private VM that uses the stack's account, with a script pinned by its hash", () => {
        const definition = definitionOf(stack);
        const { bundleName } = resource(stack, JOB).inputs;

        expect(definition).toMatchObject({
            taskGroups: [
                { taskCount: "1", parallelism: "1", taskCountPerNode: "1", taskSpec: { maxRunDuration: "7340s" } },
            ],
            allocationPolicy: {
                location: { allowedLocations: ["regions/us-central1"] },
                instances: [
                    {
                        installGpuDrivers: false,
                        blockProjectSshKeys: true,
                        policy: {
                            machineType: "e2-standard-2",
                            provisioningModel: "STANDARD",
                            bootDisk: { image: "batch-cos", type: "pd-balanced", sizeGb: "30" },
                        },
                    },
                ],
                serviceAccount: { email: ACCOUNT },
                network: {
                    networkInterfaces: [
                        {
                            network: "projects/my-project/global/networks/trainer-network-id",
                            subnetwork:
                                "projects/my-project/regions/us-central1/subnetworks/trainer-network-subnetwork-id",
                            noExternalIpAddress: true,
                        },
                    ],
                },
                labels: { run: RUN_ID },
            },
            labels: { ...LABELS, run: RUN_ID },
            logsPolicy: { destination: "CLOUD_LOGGING" },
        });
        expect(definition.taskGroups[0]?.taskSpec.runnables[0]?.script.text).toContain(
            encodeURIComponent(String(bundleName)),
        );
        expect(bundleName).toMatch(new RegExp(`^runs/${RUN_ID}/plan/[0-9a-f]{16}\\.sh$`));
    });

    it("uses zones, spot VMs and GPUs as configured", async () => {
        const other = await declareJob({
            engine: "batch",
            zones: '["us-central1-b","us-central1-f"]',
            provisioning: "spot",
            spotFallback: "standard",
            machineType: "g2-standard-4",
            gpuType: "nvidia-l4",
            gpuCount: "1",
            bootDiskSizeGb: "100",
            externalIp: "true",
        });
        const { allocationPolicy } = definitionOf(other);

        expect(allocationPolicy.location).toEqual({ allowedLocations: ["zones/us-central1-b", "zones/us-central1-f"] });
        expect(allocationPolicy.instances[0]).toMatchObject({
            installGpuDrivers: true,
            policy: {
                provisioningModel: "SPOT",
                accelerators: [{ type: "nvidia-l4", count: "1" }],
                bootDisk: { sizeGb: "100" },
            },
        });
        expect(allocationPolicy.network.networkInterfaces[0]?.noExternalIpAddress).toBe(false);
    });

    it("links to the job, and lists no boot disk among what is left to bill", () => {
        expect(stack.outputs.logsUrl).toBe(
            `https://console.cloud.google.com/batch/jobsDetail/regions/us-central1/jobs/${BASE}-${RUN_ID}/details?project=my-project`,
        );
        expect(stack.outputs.leftToBill).toEqual([
            expect.stringMatching(/^images in /),
            expect.stringMatching(/^objects in /),
        ]);
    });
});
