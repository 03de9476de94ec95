import { gpuProblem } from "../../infra/config/gpus";
import { type BootConfig, maxVmSeconds, renderUserData } from "../../infra/user-data";
import { type DeclaredStack, declareJob, IMAGE_DIGEST, resource } from "./declared-stack";
import { ACCOUNT, APIS, BASE, BOOT, DESCRIBED, GRANTS, LABELS, MEMBER, RUN_ID, VM } from "./expected-stack";

const names = ({ resources }: DeclaredStack): string[] => resources.map(({ type, name }) => `${type} ${name}`).sort();
/** Resources that one stack declares and the other does not. */
function without(more: DeclaredStack, less: DeclaredStack): string[] {
    return names(more).filter((name) => !names(less).includes(name));
}

/** A machine type's built-in GPUs, as config. */
function builtInGpu(machineType: string): Record<string, string> {
    const problem = gpuProblem(machineType, "", 0);
    if (problem === undefined) {
        return {};
    }
    const gpuType = problem.example;
    return { gpuType, gpuCount: gpuProblem(machineType, gpuType, 0)?.example ?? "1" };
}

describe("a variation of the config", () => {
    let standard: DeclaredStack;
    beforeAll(async () => {
        standard = await declareJob();
    });

    const vmOf = (stack: DeclaredStack) => resource(stack, "gcp:compute/instance:Instance").inputs;

    it("makes the VM a spot VM if provisioning is spot", async () => {
        const stack = await declareJob({ provisioning: "spot" });

        expect(names(stack)).toEqual(names(standard));
        expect(vmOf(stack)).toEqual({
            ...vmOf(standard),
            scheduling: {
                automaticRestart: false,
                preemptible: true,
                provisioningModel: "SPOT",
                onHostMaintenance: "TERMINATE",
                instanceTerminationAction: "STOP",
                maxRunDuration: { seconds: maxVmSeconds(BOOT) },
            },
        });
        expect(
            resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "trainer-run").inputs.provenance,
        ).toMatchObject({
            provisioning: "spot",
        });
    });

    it("refers to an image in the project's Artifact Registry by its current digest, builds nothing, and lets the VM pull it", async () => {
        const stack = await declareJob({ image: "europe-west4-docker.pkg.dev/my-project/images/train:v1" });

        expect(without(stack, standard)).toEqual([]);
        expect(without(standard, stack)).toEqual([
            "docker:index/image:Image trainer-image",
            "gcp-trainer:infra:TrainerImage trainer-image",
            "gcp:artifactregistry/repository:Repository trainer-image-repository",
        ]);
        expect(stack.calls.map(({ inputs }) => inputs)).toContainEqual({
            project: "my-project",
            location: "europe-west4",
            repositoryId: "images",
            imageName: "train:v1",
        });
        expect(resource(stack, "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember").inputs).toEqual({
            project: "my-project",
            location: "europe-west4",
            repository: "images",
            role: "roles/artifactregistry.reader",
            member: MEMBER,
        });
        const userData = (vmOf(stack).metadata as Record<string, string>)["user-data"];
        const image = `europe-west4-docker.pkg.dev/my-project/images/train@${IMAGE_DIGEST}`;
        // The same digest, and therefore the same run.
        expect(userData).toBe(renderUserData({ ...BOOT, image }));
        expect(stack.outputs.leftToBill).toEqual([
            expect.stringContaining("boot disk"),
            expect.stringContaining("gs://"),
        ]);
    });

    it("refers to an image in another registry by its digest, without a look-up or a grant", async () => {
        const image = `us-docker.pkg.dev/vertex-ai/training/sklearn:latest@${IMAGE_DIGEST}`;
        const stack = await declareJob({ image });

        expect(without(standard, stack)).toContain(
            "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember trainer-identity-image-puller",
        );
        expect(stack.calls.map(({ token }) => token)).not.toContain(
            "gcp:artifactregistry/getDockerImage:getDockerImage",
        );
        const userData = (vmOf(stack).metadata as Record<string, string>)["user-data"];
        expect(userData).toBe(renderUserData({ ...BOOT, image: image.replace(":latest", "") }));
    });

    it("attaches GPUs and runs the container in privileged mode", async () => {
        const stack = await declareJob({
            machineType: "n1-standard-4",
            gpuType: "nvidia-tesla-t4",
            gpuCount: "2",
            privileged: "true",
        });
        const boot = { ...BOOT, gpuCount: 2, privileged: true };

        expect(names(stack)).toEqual(names(standard));
        expect(vmOf(stack)).toEqual({
            ...vmOf(standard),
            machineType: "n1-standard-4",
            guestAccelerators: [{ type: "nvidia-tesla-t4", count: 2 }],
            scheduling: {
                automaticRestart: false,
                preemptible: false,
                provisioningModel: "STANDARD",
                onHostMaintenance: "TERMINATE",
                instanceTerminationAction: "STOP",
                maxRunDuration: { seconds: maxVmSeconds(boot) },
            },
            metadata: { ...(vmOf(standard).metadata as object), "user-data": renderUserData(boot) },
        });
    });

    it("builds for Arm and boots an Arm image on an Arm machine type", async () => {
        const stack = await declareJob({ machineType: "c4a-standard-4" });

        expect(resource(stack, "docker:index/image:Image").inputs.build).toEqual({
            context: ".build-context/dev/trainer",
            dockerfile: ".build-context/dev/trainer/Dockerfile",
            platform: "linux/arm64",
            args: {},
        });
        expect(vmOf(stack)).toEqual({
            ...vmOf(standard),
            machineType: "c4a-standard-4",
            bootDisk: {
                autoDelete: true,
                initializeParams: {
                    image: "projects/cos-cloud/global/images/family/cos-arm64-129-lts",
                    size: 20,
                    labels: LABELS,
                    type: "hyperdisk-balanced",
                },
            },
            shieldedInstanceConfig: { enableSecureBoot: false, enableVtpm: true, enableIntegrityMonitoring: true },
        });
    });

    it("sets the boot image, the boot disk, labels and additional scopes", async () => {
        const stack = await declareJob({
            bootImage: "projects/cos-cloud/global/images/family/cos-stable",
            bootDiskSizeGb: "50",
            bootDiskType: "pd-ssd",
            labels: '{"team":"research"}',
            scopes: '["https://www.googleapis.com/auth/bigquery","https://www.googleapis.com/auth/logging.write"]',
        });
        const labels = { ...LABELS, team: "research" };

        expect(vmOf(stack)).toMatchObject({
            bootDisk: {
                initializeParams: {
                    image: "projects/cos-cloud/global/images/family/cos-stable",
                    size: 50,
                    type: "pd-ssd",
                },
            },
            labels,
            serviceAccount: {
                scopes: [
                    "https://www.googleapis.com/auth/devstorage.read_write",
                    "https://www.googleapis.com/auth/logging.write",
                    "https://www.googleapis.com/auth/bigquery",
                ],
            },
        });
        expect(resource(stack, "gcp:storage/bucket:Bucket").inputs.labels).toEqual(labels);
        expect(resource(stack, "gcp:artifactregistry/repository:Repository").inputs.labels).toEqual(labels);
        expect(vmOf(stack).name).toBe(VM);
    });

    it("uses one key for everything, keeps deleted objects, and turns on Secure Boot for Arm, if the config says so", async () => {
        const kmsKey = "projects/keys/locations/us-central1/keyRings/r/cryptoKeys/k";
        const config = {
            kmsKey,
            softDeleteDays: "7",
            secureBoot: "true",
            machineType: "c4a-standard-4",
            env: '{"K":"v"}',
            notify: "https://hooks.example.com/x",
        };
        const stack = await declareJob(config, ["env"]);

        expect(resource(stack, "gcp:storage/bucket:Bucket").inputs).toMatchObject({
            encryption: { defaultKmsKeyName: kmsKey },
            softDeletePolicy: { retentionDurationSeconds: 604_800 },
        });
        expect(resource(stack, "gcp:artifactregistry/repository:Repository").inputs.kmsKeyName).toBe(kmsKey);
        expect(resource(stack, "gcp:secretmanager/secret:Secret").inputs.replication).toEqual({
            userManaged: {
                replicas: [{ location: "us-central1", customerManagedEncryption: { kmsKeyName: kmsKey } }],
            },
        });
        expect(vmOf(stack)).toMatchObject({
            bootDisk: { kmsKeySelfLink: kmsKey },
            shieldedInstanceConfig: { enableSecureBoot: true },
        });
        expect(resource(stack, "gcp:pubsub/topic:Topic").inputs.kmsKeyName).toBe(kmsKey);
        // Any new type of resource must either use the key or store no data of its own.
        const typesOf = (hasKey: boolean) => {
            const fitting = stack.resources.filter(({ inputs }) => JSON.stringify(inputs).includes(kmsKey) === hasKey);
            return [...new Set(fitting.map(({ type }) => type))].filter((type) => type.startsWith("gcp:")).sort();
        };
        expect(typesOf(true)).toHaveLength(5);
        expect(typesOf(false)).toEqual([
            "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
            "gcp:compute/network:Network",
            "gcp:compute/subnetwork:Subnetwork",
            "gcp:projects/iAMMember:IAMMember",
            "gcp:projects/service:Service",
            "gcp:pubsub/subscription:Subscription",
            "gcp:pubsub/topicIAMMember:TopicIAMMember",
            "gcp:secretmanager/secretIamMember:SecretIamMember",
            "gcp:secretmanager/secretVersion:SecretVersion",
            "gcp:serviceaccount/account:Account",
            "gcp:storage/bucketIAMMember:BucketIAMMember",
            // The bucket's key encrypts its objects.
            "gcp:storage/bucketObject:BucketObject",
        ]);
        expect(stack.outputs.leftToBill).toContainEqual(
            expect.stringMatching(/^objects in .*, and deleted ones for 7 days$/),
        );
    });

    it.each(["a2-ultragpu-1g", "a3-highgpu-8g", "a4-highgpu-8g", "c4-standard-8-lssd", "c3-standard-8-lssd"])(
        "lets Compute Engine discard the data on the Local SSDs of %s",
        async (machineType) => {
            const { scheduling } = vmOf(await declareJob({ machineType, ...builtInGpu(machineType) })) as {
                scheduling: object;
            };
            expect(scheduling).toMatchObject({ onInstanceStopAction: { discardLocalSsd: true } });
        },
    );

    it("with externalIp, gives the VM an external address and changes nothing else", async () => {
        const stack = await declareJob({ externalIp: "true" });

        expect(names(stack)).toEqual(names(standard));
        expect(vmOf(stack).networkInterfaces).toEqual([
            { network: "trainer-network-id", subnetwork: "trainer-network-subnetwork-id", accessConfigs: [{}] },
        ]);
    });

    it("uses an existing network instead of creating one", async () => {
        const stack = await declareJob({ network: "shared", subnetwork: "shared-sub" });

        expect(without(standard, stack)).toEqual([
            "gcp-trainer:infra:PrivateNetwork trainer-network",
            "gcp:compute/network:Network trainer-network",
            "gcp:compute/subnetwork:Subnetwork trainer-network-subnetwork",
        ]);
        expect(without(stack, standard)).toEqual([]);
        expect(vmOf(stack)).toEqual({
            ...vmOf(standard),
            networkInterfaces: [{ network: "shared", subnetwork: "shared-sub" }],
        });
        expect(
            resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "trainer-run").inputs.privateSubnetwork,
        ).toBe(true);
    });

    it("uses an existing service account and does not change IAM", async () => {
        const email = "me@my-project.iam.gserviceaccount.com";
        const stack = await declareJob({ serviceAccount: email });

        expect(without(standard, stack)).toHaveLength(GRANTS.length + 2);
        expect(without(stack, standard)).toEqual([]);
        expect(names(stack).filter((name) => /iam|serviceaccount/i.test(name.split(" ")[0] ?? ""))).toEqual([]);
        expect(vmOf(stack).serviceAccount).toMatchObject({ email });
        expect(resource(stack, "gcp:compute/instance:Instance").options.dependsOn).toEqual(["trainer-vm-cleanup"]);
    });

    it("with debugMinutes, allows ingress only from Identity-Aware Proxy", async () => {
        const stack = await declareJob({ debugMinutes: "10" });
        const boot = { ...BOOT, debugSeconds: 600 };

        expect(without(standard, stack)).toEqual([]);
        expect(without(stack, standard)).toEqual([
            "gcp:compute/firewall:Firewall trainer-network-iap-ssh",
            "gcp:projects/service:Service trainer-apis-iap",
        ]);
        expect(resource(stack, "gcp:compute/firewall:Firewall").inputs).toEqual({
            project: "my-project",
            name: `${BASE}-firewall`,
            description: `SSH through Identity-Aware Proxy to a trainer that failed ${DESCRIBED}`,
            network: "trainer-network-id",
            direction: "INGRESS",
            allows: [{ protocol: "tcp", ports: ["22"] }],
            sourceRanges: ["35.235.240.0/20"],
            targetServiceAccounts: [ACCOUNT],
        });
        expect(resource(stack, "gcp:projects/service:Service", "trainer-apis-iap").inputs).toEqual({
            project: "my-project",
            service: "iap.googleapis.com",
            disableOnDestroy: false,
        });
        expect(vmOf(stack).metadata).toMatchObject({ "user-data": renderUserData(boot) });
        expect(vmOf(stack).scheduling).toMatchObject({ maxRunDuration: { seconds: maxVmSeconds(BOOT) + 600 } });
    });

    it("with enableApis: false, enables no APIs", async () => {
        const stack = await declareJob({ enableApis: "false" });

        expect(without(standard, stack)).toEqual([
            "gcp-trainer:infra:EnabledApis trainer-apis",
            ...APIS.map((name) => `gcp:projects/service:Service ${name}`).sort(),
            "pulumi-nodejs:dynamic/gcp-trainer:ReadyApis trainer-apis-ready",
        ]);
        expect(without(stack, standard)).toEqual([]);
        expect(
            resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:Cleanup", "trainer-cleanup").options.dependsOn,
        ).toEqual([]);
    });

    it.each([
        ["others/data.csv", "md5:bWQ1", "bWQ1"],
        ["composite.csv", "crc32c:Y3JjMzI=", ""],
    ])("grants read access to a dataset in another bucket, %s, and to nothing else in it", async (name, _hash, md5) => {
        const stack = await declareJob({ dataset: `gs://other-bucket/${name}` });
        const provenance = resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "trainer-run").inputs
            .provenance;

        expect(without(standard, stack)).toEqual(["gcp:storage/bucketObject:BucketObject trainer-data-dataset"]);
        expect(without(stack, standard)).toEqual([]);
        expect(resource(stack, "gcp:storage/bucketIAMMember:BucketIAMMember", GRANTS[1]).inputs).toEqual({
            bucket: "other-bucket",
            role: "roles/storage.objectViewer",
            member: MEMBER,
            condition: {
                title: "gcp-trainer-dataset",
                expression: `resource.name == "projects/_/buckets/other-bucket/objects/${name}"`,
            },
        });
        expect(provenance).toMatchObject({
            datasetUri: `gs://other-bucket/${name}`,
            datasetMd5: md5,
            datasetCrc32c: "Y3JjMzI=",
            datasetGeneration: "1700000000000002",
        });
        expect(vmOf(stack).name).not.toBe(VM);
        expect(stack.calls).toContainEqual(
            expect.objectContaining({
                token: "gcp:storage/getBucketObject:getBucketObject",
                inputs: { bucket: "other-bucket", name },
            }),
        );
    });

    it("starts another run on another VM if the trainer, a hyperparameter or the environment changes", async () => {
        const stack = await declareJob({
            trainer: "own",
            target: "",
            trainerBuildArgs: '{"BASE":"x"}',
            hyperparameters: '{"maxDepth":3,"layers":[1]}',
            env: '{"LEVEL":"debug"}',
            resultsDir: "out",
            wait: "false",
            maxAttempts: "5",
            maxRunMinutes: "2",
        });
        const run = resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun", "trainer-run").inputs;
        const boot: BootConfig = {
            ...BOOT,
            runId: String(run.runId),
            args: ["--layers=[1]", "--maxDepth=3"],
            env: { LEVEL: "debug" },
            maxRunSeconds: 120,
            maxAttempts: 5,
        };

        expect(resource(stack, "docker:index/image:Image").inputs.build).toEqual({
            context: ".build-context/dev/trainer",
            dockerfile: ".build-context/dev/trainer/Dockerfile",
            platform: "linux/amd64",
            args: { BASE: "x" },
        });
        expect(run).toMatchObject({
            resultsDir: "out",
            wait: false,
            maxAttempts: 5,
            provenance: { hyperparameters: { maxDepth: 3, layers: [1] }, target: "", dropColumns: [], env: ["LEVEL"] },
        });
        expect(run.runId).not.toBe(RUN_ID);
        expect(vmOf(stack)).toMatchObject({ name: `${BASE}-${run.runId}` });
        expect(vmOf(stack).metadata).toMatchObject({ "user-data": renderUserData(boot) });
        expect(
            resource(stack, "pulumi-nodejs:dynamic/gcp-trainer:SavedResults", "trainer-saved-results").inputs
                .resultsDir,
        ).toBe("out");
    });
});
