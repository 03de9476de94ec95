import { type BootConfig, maxVmSeconds, renderUserData } from "../../infra/user-data";
import { IMAGE_DIGEST, REGISTRY_URI, secret } from "./declared-stack";

/** The stack `dev` with the default config, on the tests' own small dataset and trainer. */
export const BASE = "gcp-trainer-dev-971bc2";
export const BUCKET = "gcp-trainer-dev-971bc250c1";
export const ACCOUNT = `${BASE}@my-project.iam.gserviceaccount.com`;
export const MEMBER = `serviceAccount:${ACCOUNT}`;
export const LABELS = { "gcp-trainer": BASE };
export const RUN_ID = "r-6b9107f278";
export const VM = `${BASE}-${RUN_ID}`;
export const DATASET_URI = `gs://${BUCKET}/data/f81ab47d02/iris.csv`;
export const APIS = ["compute", "artifactregistry", "iam", "storage", "logging"].map((api) => `trainer-apis-${api}`);
/** Everything the VM's account may do. */
export const GRANTS = ["bucket-lister", "dataset-reader", "runs-writer", "image-puller", "log-writer"].map(
    (grant) => `trainer-identity-${grant}`,
);

/** Boot config of the expected VM. */
export const BOOT: BootConfig = {
    project: "my-project",
    region: "us-central1",
    bucket: BUCKET,
    runId: RUN_ID,
    image: `${REGISTRY_URI}/trainer@${IMAGE_DIGEST}`,
    datasetUri: DATASET_URI,
    args: ["--target=Species"],
    env: {},
    maxRunSeconds: 3600,
    pullSeconds: 1800,
    uploadSeconds: 900,
    debugSeconds: 0,
    maxAttempts: 3,
    privileged: false,
    gpuCount: 0,
};

function condition(title: string, prefix: string) {
    return {
        title,
        expression: `resource.name.startsWith("projects/_/buckets/${BUCKET}/objects/${prefix}")`,
    };
}

type ExpectedResource = [type: string, name: string, parent: string, dependsOn: string[], inputs: object];

/** Every resource: what it is, its component, what it waits for beside its inputs, and its exact inputs. */
export const expected: readonly ExpectedResource[] = [
    ...APIS.map(
        (name): ExpectedResource => [
            "gcp:projects/service:Service",
            name,
            "trainer-apis",
            [],
            {
                project: "my-project",
                service: `${name.replace("trainer-apis-", "")}.googleapis.com`,
                disableOnDestroy: false,
            },
        ],
    ),
    [
        "gcp:storage/bucket:Bucket",
        "trainer-data",
        "trainer-data",
        APIS,
        {
            project: "my-project",
            name: BUCKET,
            location: "US-CENTRAL1",
            uniformBucketLevelAccess: true,
            publicAccessPrevention: "enforced",
            versioning: { enabled: true },
            lifecycleRules: [{ action: { type: "Delete" }, condition: { daysSinceNoncurrentTime: 1 } }],
            softDeletePolicy: { retentionDurationSeconds: 0 },
            forceDestroy: true,
            labels: LABELS,
        },
    ],
    [
        "gcp:storage/bucketObject:BucketObject",
        "trainer-data-dataset",
        "trainer-data",
        [],
        {
            bucket: BUCKET,
            name: "data/f81ab47d02/iris.csv",
            source: { file: "data/iris.csv" },
            contentType: "text/csv",
        },
    ],
    [
        "pulumi-nodejs:dynamic/gcp-trainer:SavedResults",
        "trainer-saved-results",
        "trainer",
        ["trainer-data"],
        { __provider: "source text", bucket: BUCKET, stack: "dev", resultsDir: "models" },
    ],
    [
        "gcp:artifactregistry/repository:Repository",
        "trainer-image-repository",
        "trainer-image",
        APIS,
        {
            project: "my-project",
            location: "us-central1",
            repositoryId: BASE,
            format: "DOCKER",
            description: "Trainer images of one gcp-trainer job",
            cleanupPolicyDryRun: false,
            cleanupPolicies: [
                {
                    id: "delete-untagged",
                    action: "DELETE",
                    condition: { tagState: "UNTAGGED", olderThan: "604800s" },
                },
            ],
            labels: LABELS,
        },
    ],
    [
        "docker:index/image:Image",
        "trainer-image",
        "trainer-image",
        [],
        {
            imageName: `${REGISTRY_URI}/trainer:current`,
            build: {
                context: ".build-context/dev/trainer",
                dockerfile: ".build-context/dev/trainer/Dockerfile",
                platform: "linux/amd64",
                args: {},
            },
            registry: secret({
                server: "us-central1-docker.pkg.dev",
                username: "oauth2accesstoken",
                password: "token",
            }),
            buildOnPreview: false,
            skipPush: false,
        },
    ],
    [
        "gcp:serviceaccount/account:Account",
        "trainer-identity",
        "trainer-identity",
        APIS,
        {
            project: "my-project",
            accountId: BASE,
            displayName: "gcp-trainer VM",
            description: "Trains models on one stack's VMs",
        },
    ],
    [
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "trainer-identity-bucket-lister",
        "trainer-identity",
        [],
        { bucket: BUCKET, role: "roles/storage.legacyBucketReader", member: MEMBER },
    ],
    [
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "trainer-identity-dataset-reader",
        "trainer-identity",
        [],
        {
            bucket: BUCKET,
            role: "roles/storage.objectViewer",
            member: MEMBER,
            condition: condition("gcp-trainer-data", "data/"),
        },
    ],
    [
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "trainer-identity-runs-writer",
        "trainer-identity",
        [],
        {
            bucket: BUCKET,
            role: "roles/storage.objectUser",
            member: MEMBER,
            condition: condition("gcp-trainer-runs", "runs/"),
        },
    ],
    [
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        "trainer-identity-image-puller",
        "trainer-identity",
        [],
        {
            project: "my-project",
            location: "us-central1",
            repository: BASE,
            role: "roles/artifactregistry.reader",
            member: MEMBER,
        },
    ],
    [
        "gcp:projects/iAMMember:IAMMember",
        "trainer-identity-log-writer",
        "trainer-identity",
        [],
        { project: "my-project", role: "roles/logging.logWriter", member: MEMBER },
    ],
    [
        "gcp:compute/network:Network",
        "trainer-network",
        "trainer-network",
        APIS,
        {
            project: "my-project",
            name: `${BASE}-network`,
            description: "Network of one gcp-trainer job",
            autoCreateSubnetworks: false,
        },
    ],
    [
        "gcp:compute/subnetwork:Subnetwork",
        "trainer-network-subnetwork",
        "trainer-network",
        [],
        {
            project: "my-project",
            region: "us-central1",
            name: `${BASE}-subnet`,
            network: "trainer-network-id",
            ipCidrRange: "10.128.0.0/28",
            privateIpGoogleAccess: true,
        },
    ],
    [
        "gcp:compute/instance:Instance",
        "trainer-vm",
        "trainer-vm",
        [...APIS, ...GRANTS, "trainer-saved-results"],
        {
            project: "my-project",
            zone: "us-central1-a",
            name: VM,
            description: "Trains one run of gcp-trainer, then powers itself off",
            machineType: "e2-standard-2",
            labels: LABELS,
            bootDisk: {
                autoDelete: true,
                initializeParams: {
                    image: "projects/cos-cloud/global/images/family/cos-129-lts",
                    size: 20,
                    type: "pd-balanced",
                },
            },
            networkInterfaces: [{ network: "trainer-network-id", subnetwork: "trainer-network-subnetwork-id" }],
            serviceAccount: {
                email: ACCOUNT,
                scopes: [
                    "https://www.googleapis.com/auth/devstorage.read_write",
                    "https://www.googleapis.com/auth/logging.write",
                    "https://www.googleapis.com/auth/monitoring.write",
                ],
            },
            scheduling: {
                automaticRestart: false,
                preemptible: false,
                provisioningModel: "STANDARD",
                onHostMaintenance: "MIGRATE",
                instanceTerminationAction: "STOP",
                maxRunDuration: { seconds: maxVmSeconds(BOOT) },
            },
            shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
            metadata: {
                "user-data": renderUserData(BOOT),
                "google-logging-enabled": "true",
                "serial-port-logging-enable": "true",
                "block-project-ssh-keys": "true",
                "enable-oslogin": "TRUE",
            },
        },
    ],
    [
        "pulumi-nodejs:dynamic/gcp-trainer:TrainingRun",
        "trainer-run",
        "trainer",
        ["trainer-vm", "trainer-saved-results"],
        {
            __provider: "source text",
            bucket: BUCKET,
            runId: RUN_ID,
            stack: "dev",
            resultsDir: "models",
            project: "my-project",
            zone: "us-central1-a",
            instance: VM,
            wait: true,
            maxAttempts: 3,
            debugMinutes: 0,
            externalIp: false,
            privateSubnetwork: false,
            provenance: {
                datasetUri: DATASET_URI,
                datasetMd5: "+Bq0fQJDCRJp9+AW9HdUxQ==",
                datasetCrc32c: "aGVsbG8=",
                datasetGeneration: "1700000000000001",
                imageDigest: IMAGE_DIGEST,
                hyperparameters: {},
                target: "Species",
                dropColumns: [],
                env: [],
                machineType: "e2-standard-2",
                provisioning: "standard",
            },
        },
    ],
];
