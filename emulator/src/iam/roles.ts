/**
 * Predefined roles, with the subset of their permissions that the emulator or its tests check:
 * https://cloud.google.com/iam/docs/roles-permissions and
 * https://cloud.google.com/storage/docs/access-control/iam-roles. Permissions of unsupported services are omitted.
 */
const OBJECT_READ = ["storage.objects.get", "storage.objects.list"];
const OBJECT_WRITE = ["storage.objects.create", "storage.objects.delete", "storage.objects.update"];
const BUCKET_READ = ["storage.buckets.get", "storage.buckets.list"];
const BUCKET_ADMIN = [
    ...BUCKET_READ,
    "storage.buckets.create",
    "storage.buckets.delete",
    "storage.buckets.update",
    "storage.buckets.getIamPolicy",
    "storage.buckets.setIamPolicy",
];
const REPOSITORY_READ = [
    "artifactregistry.repositories.get",
    "artifactregistry.repositories.list",
    "artifactregistry.repositories.downloadArtifacts",
    "artifactregistry.dockerimages.get",
    "artifactregistry.dockerimages.list",
    "artifactregistry.packages.get",
    "artifactregistry.packages.list",
    "artifactregistry.tags.get",
    "artifactregistry.tags.list",
    "artifactregistry.versions.get",
    "artifactregistry.versions.list",
];
const REPOSITORY_WRITE = [
    ...REPOSITORY_READ,
    "artifactregistry.repositories.uploadArtifacts",
    "artifactregistry.tags.create",
    "artifactregistry.tags.update",
];
const REPOSITORY_ADMIN = [
    ...REPOSITORY_WRITE,
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.delete",
    "artifactregistry.repositories.deleteArtifacts",
    "artifactregistry.repositories.getIamPolicy",
    "artifactregistry.repositories.setIamPolicy",
    "artifactregistry.repositories.update",
    "artifactregistry.tags.delete",
    "artifactregistry.versions.delete",
];
const ACCOUNT_READ = ["iam.serviceAccounts.get", "iam.serviceAccounts.list"];
const ACCOUNT_ADMIN = [
    ...ACCOUNT_READ,
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.delete",
    "iam.serviceAccounts.disable",
    "iam.serviceAccounts.enable",
    "iam.serviceAccounts.update",
];
const PROJECT_IAM = ["resourcemanager.projects.getIamPolicy", "resourcemanager.projects.setIamPolicy"];
const SERVICE_READ = ["serviceusage.services.get", "serviceusage.services.list"];
const SERVICE_ADMIN = [...SERVICE_READ, "serviceusage.services.enable", "serviceusage.services.disable"];
const COMPUTE_READ = [
    "compute.addresses.get",
    "compute.addresses.list",
    "compute.disks.get",
    "compute.disks.list",
    "compute.firewalls.get",
    "compute.firewalls.list",
    "compute.images.get",
    "compute.images.list",
    "compute.instances.get",
    "compute.instances.getSerialPortOutput",
    "compute.instances.list",
    "compute.acceleratorTypes.get",
    "compute.acceleratorTypes.list",
    "compute.machineTypes.get",
    "compute.machineTypes.list",
    "compute.networks.get",
    "compute.networks.list",
    "compute.projects.get",
    "compute.regions.get",
    "compute.regions.list",
    "compute.subnetworks.get",
    "compute.subnetworks.list",
    "compute.zoneOperations.get",
    "compute.zoneOperations.list",
    "compute.zones.get",
    "compute.zones.list",
];
const COMPUTE_INSTANCE_ADMIN = [
    ...COMPUTE_READ,
    "compute.disks.create",
    "compute.disks.delete",
    "compute.disks.resize",
    "compute.disks.setLabels",
    "compute.instances.addAccessConfig",
    "compute.instances.create",
    "compute.instances.delete",
    "compute.instances.deleteAccessConfig",
    "compute.instances.reset",
    "compute.instances.setDeletionProtection",
    "compute.instances.setDiskAutoDelete",
    "compute.instances.setLabels",
    "compute.instances.setMachineType",
    "compute.instances.setMetadata",
    "compute.instances.setScheduling",
    "compute.instances.setSecurityPolicy",
    "compute.instances.setServiceAccount",
    "compute.instances.setTags",
    "compute.instances.start",
    "compute.instances.stop",
    "compute.instances.update",
    "compute.instances.updateNetworkInterface",
    "compute.instances.updateShieldedInstanceConfig",
    "compute.subnetworks.use",
];
const COMPUTE_NETWORK_ADMIN = [
    ...COMPUTE_READ,
    "compute.networks.create",
    "compute.networks.delete",
    "compute.networks.update",
    "compute.subnetworks.create",
    "compute.subnetworks.delete",
    "compute.subnetworks.expandIpCidrRange",
    "compute.subnetworks.setPrivateIpGoogleAccess",
    "compute.subnetworks.update",
    "compute.subnetworks.use",
];
const COMPUTE_SECURITY_ADMIN = [
    "compute.firewalls.create",
    "compute.firewalls.delete",
    "compute.firewalls.get",
    "compute.firewalls.list",
    "compute.firewalls.update",
    "compute.instances.updateShieldedInstanceConfig",
    "compute.networks.get",
    "compute.networks.list",
    "compute.projects.get",
    "compute.subnetworks.get",
    "compute.subnetworks.list",
    "compute.zoneOperations.get",
    "compute.zoneOperations.list",
];
const COMPUTE_ADMIN = [
    ...COMPUTE_INSTANCE_ADMIN,
    ...COMPUTE_NETWORK_ADMIN,
    ...COMPUTE_SECURITY_ADMIN,
    "compute.addresses.create",
    "compute.addresses.delete",
    "compute.images.create",
    "compute.images.delete",
];
const SECRET_READ = [
    "secretmanager.secrets.get",
    "secretmanager.secrets.getIamPolicy",
    "secretmanager.secrets.list",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
];
const SECRET_ACCESS = ["secretmanager.versions.access"];
const SECRET_ADD = ["secretmanager.versions.add"];
const SECRET_VERSIONS = [
    ...SECRET_ADD,
    "secretmanager.versions.destroy",
    "secretmanager.versions.disable",
    "secretmanager.versions.enable",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
];
// The basic role editor can manage secrets but cannot read their payloads.
const SECRET_EDIT = [
    ...SECRET_READ,
    ...SECRET_VERSIONS,
    "secretmanager.secrets.create",
    "secretmanager.secrets.delete",
    "secretmanager.secrets.update",
];
const SECRET_ADMIN = [...SECRET_EDIT, ...SECRET_ACCESS, "secretmanager.secrets.setIamPolicy"];
const PUBSUB_READ = [
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.list",
    "pubsub.topics.get",
    "pubsub.topics.list",
];
const PUBSUB_PUBLISH = ["pubsub.topics.publish"];
const PUBSUB_EDIT = [
    ...PUBSUB_READ,
    ...PUBSUB_PUBLISH,
    "pubsub.subscriptions.create",
    "pubsub.subscriptions.delete",
    "pubsub.subscriptions.update",
    "pubsub.topics.attachSubscription",
    "pubsub.topics.create",
    "pubsub.topics.delete",
    "pubsub.topics.update",
];
const PUBSUB_ADMIN = [...PUBSUB_EDIT, "pubsub.topics.getIamPolicy", "pubsub.topics.setIamPolicy"];
const BATCH_READ = [
    "batch.jobs.get",
    "batch.jobs.list",
    "batch.operations.get",
    "batch.operations.list",
    "batch.tasks.get",
    "batch.tasks.list",
];
const BATCH_EDIT = [...BATCH_READ, "batch.jobs.cancel", "batch.jobs.create", "batch.jobs.delete"];
const LOG_WRITE = ["logging.logEntries.create", "logging.logEntries.route"];

// The basic roles include no object permissions. Those come from the bucket's legacy bindings for projectEditor etc.
const VIEWER = [
    "resourcemanager.projects.get",
    "storage.buckets.list",
    ...REPOSITORY_READ,
    ...ACCOUNT_READ,
    ...SERVICE_READ,
    ...COMPUTE_READ,
    ...SECRET_READ,
    ...PUBSUB_READ,
    ...BATCH_READ,
];
const EDITOR = [
    ...VIEWER,
    "storage.buckets.create",
    "storage.buckets.delete",
    ...REPOSITORY_WRITE,
    "artifactregistry.repositories.create",
    "artifactregistry.repositories.delete",
    ...ACCOUNT_ADMIN,
    ...SERVICE_ADMIN,
    ...COMPUTE_ADMIN,
    ...SECRET_EDIT,
    ...PUBSUB_EDIT,
    ...BATCH_EDIT,
    ...LOG_WRITE,
];

const ROLES: ReadonlyMap<string, ReadonlySet<string>> = new Map(
    Object.entries({
        "roles/owner": [...EDITOR, ...PROJECT_IAM, ...REPOSITORY_ADMIN, ...SECRET_ADMIN, ...PUBSUB_ADMIN],
        "roles/editor": EDITOR,
        "roles/viewer": VIEWER,
        "roles/storage.admin": [...BUCKET_ADMIN, ...OBJECT_READ, ...OBJECT_WRITE],
        "roles/storage.bucketViewer": BUCKET_READ,
        "roles/storage.objectAdmin": [...OBJECT_READ, ...OBJECT_WRITE],
        "roles/storage.objectUser": [...OBJECT_READ, ...OBJECT_WRITE],
        "roles/storage.objectCreator": ["storage.objects.create"],
        "roles/storage.objectViewer": OBJECT_READ,
        "roles/storage.legacyBucketReader": ["storage.buckets.get", "storage.objects.list"],
        "roles/storage.legacyBucketWriter": [
            "storage.buckets.get",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.list",
        ],
        "roles/storage.legacyBucketOwner": [
            "storage.buckets.get",
            "storage.buckets.getIamPolicy",
            "storage.buckets.setIamPolicy",
            "storage.buckets.update",
            "storage.objects.create",
            "storage.objects.delete",
            "storage.objects.list",
        ],
        "roles/storage.legacyObjectReader": ["storage.objects.get"],
        "roles/storage.legacyObjectOwner": ["storage.objects.get", "storage.objects.update"],
        "roles/artifactregistry.reader": REPOSITORY_READ,
        "roles/artifactregistry.writer": REPOSITORY_WRITE,
        "roles/artifactregistry.repoAdmin": [
            ...REPOSITORY_WRITE,
            "artifactregistry.repositories.deleteArtifacts",
            "artifactregistry.tags.delete",
            "artifactregistry.versions.delete",
        ],
        "roles/artifactregistry.admin": REPOSITORY_ADMIN,
        "roles/batch.agentReporter": ["batch.states.report"],
        "roles/batch.jobsEditor": BATCH_EDIT,
        "roles/batch.jobsViewer": BATCH_READ,
        "roles/batch.serviceAgent": [...COMPUTE_INSTANCE_ADMIN, "iam.serviceAccounts.actAs"],
        "roles/compute.viewer": COMPUTE_READ,
        "roles/compute.instanceAdmin.v1": COMPUTE_INSTANCE_ADMIN,
        "roles/compute.admin": COMPUTE_ADMIN,
        "roles/compute.networkAdmin": COMPUTE_NETWORK_ADMIN,
        "roles/compute.securityAdmin": COMPUTE_SECURITY_ADMIN,
        "roles/compute.networkUser": [...COMPUTE_READ, "compute.subnetworks.use"],
        "roles/compute.osLogin": ["compute.instances.get", "compute.instances.osLogin"],
        "roles/compute.osAdminLogin": [
            "compute.instances.get",
            "compute.instances.osLogin",
            "compute.instances.osAdminLogin",
        ],
        "roles/iap.tunnelResourceAccessor": ["iap.tunnelInstances.accessViaIAP"],
        "roles/iam.serviceAccountUser": ["iam.serviceAccounts.actAs", ...ACCOUNT_READ],
        "roles/iam.serviceAccountAdmin": ACCOUNT_ADMIN,
        "roles/iam.serviceAccountTokenCreator": ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.signBlob"],
        "roles/logging.logWriter": LOG_WRITE,
        "roles/logging.viewer": ["logging.logEntries.list"],
        "roles/monitoring.metricWriter": ["monitoring.timeSeries.create"],
        "roles/pubsub.admin": PUBSUB_ADMIN,
        "roles/pubsub.editor": PUBSUB_EDIT,
        "roles/pubsub.publisher": PUBSUB_PUBLISH,
        "roles/pubsub.viewer": PUBSUB_READ,
        "roles/resourcemanager.projectIamAdmin": ["resourcemanager.projects.get", ...PROJECT_IAM],
        "roles/secretmanager.admin": SECRET_ADMIN,
        "roles/secretmanager.secretAccessor": SECRET_ACCESS,
        "roles/secretmanager.secretVersionAdder": SECRET_ADD,
        "roles/secretmanager.secretVersionManager": SECRET_VERSIONS,
        "roles/secretmanager.viewer": SECRET_READ,
        "roles/serviceusage.serviceUsageAdmin": SERVICE_ADMIN,
        "roles/serviceusage.serviceUsageConsumer": SERVICE_READ,
    }).map(([role, permissions]) => [role, new Set(permissions)]),
);

/**
 * Returns the permissions of a role, e.g. "roles/storage.objectViewer", or undefined for an unsupported role.
 */
export function permissionsOf(role: string): ReadonlySet<string> | undefined {
    return ROLES.get(role);
}

/** A kind of resource that can have a policy. */
export type PolicyKind = "project" | "bucket" | "repository" | "serviceAccount" | "secret" | "topic";

/**
 * The roles that can be granted on resources other than projects, each with the kind of resource. This is the column
 * "lowest resource" in https://cloud.google.com/iam/docs/roles-permissions
 */
const BELOW_PROJECT: readonly [RegExp, PolicyKind][] = [
    [/^roles\/storage\.(?!legacy)/, "bucket"],
    [/^roles\/artifactregistry\./, "repository"],
    [/^roles\/iam\.serviceAccount(Admin|TokenCreator|User)$/, "serviceAccount"],
    // https://cloud.google.com/sdk/gcloud/reference/iam/service-accounts/add-iam-policy-binding has an example that
    // grants roles/editor.
    [/^roles\/(owner|editor|viewer)$/, "serviceAccount"],
    [/^roles\/secretmanager\./, "secret"],
    [/^roles\/pubsub\./, "topic"],
];

/** Tests whether a role can be granted on a kind of resource. */
export function isGrantableOn(role: string, kind: PolicyKind): boolean {
    // The legacy roles exist only on buckets (and objects):
    // https://cloud.google.com/storage/docs/access-control/iam-roles#legacy-roles
    if (role.startsWith("roles/storage.legacy")) {
        return kind === "bucket";
    }
    return kind === "project" || BELOW_PROJECT.some(([pattern, below]) => below === kind && pattern.test(role));
}

/** Returns the kind of a resource from its name in policies: `projects/P`, `projects/_/buckets/B` and so on. */
export function policyKind(resource: string): PolicyKind {
    const kinds: [RegExp, PolicyKind][] = [
        [/^projects\/_\/buckets\//, "bucket"],
        [/\/repositories\//, "repository"],
        [/\/serviceAccounts\//, "serviceAccount"],
        [/\/secrets\//, "secret"],
        [/\/topics\//, "topic"],
    ];
    return kinds.find(([pattern]) => pattern.test(resource))?.[1] ?? "project";
}
