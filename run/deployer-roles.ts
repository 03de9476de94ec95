import type * as pulumi from "@pulumi/pulumi";
import { systemClock } from "./clients";
import { createAuth, readCloudSettings } from "./credentials";
import { httpStatusOf } from "./errors";
import { type GoogleApis, openCall, readEndpoints } from "./google-api";

/** The parts of a stack that determine which roles its deployer needs. */
export interface Needs {
    /** The stack creates a VM. */
    vm: boolean;
    /** The stack creates Batch jobs. */
    batch: boolean;
    /** The stack enables the Google APIs. */
    apis: boolean;
    /** The stack creates the VM's service account. */
    account: boolean;
    /** The stack creates the network. */
    network: boolean;
    /** The stack creates a firewall rule. */
    firewall: boolean;
    /** The stack creates secrets. */
    secrets: boolean;
    /** The stack creates a topic for notifications. */
    topic: boolean;
}

/** A permission on the project, and the predefined role in docs/roles.md that contains it. */
type Permission = readonly [permission: string, role: string];

const ALWAYS: readonly Permission[] = [
    ["storage.buckets.create", "roles/storage.admin"],
    ["artifactregistry.repositories.create", "roles/artifactregistry.admin"],
];
const FOR: Readonly<Record<keyof Needs, readonly Permission[]>> = {
    vm: [["compute.instances.create", "roles/compute.instanceAdmin.v1"]],
    batch: [["batch.jobs.create", "roles/batch.jobsEditor"]],
    apis: [["serviceusage.services.enable", "roles/serviceusage.serviceUsageAdmin"]],
    account: [
        ["storage.buckets.setIamPolicy", "roles/storage.admin"],
        ["artifactregistry.repositories.setIamPolicy", "roles/artifactregistry.admin"],
        ["iam.serviceAccounts.create", "roles/iam.serviceAccountAdmin"],
        ["iam.serviceAccounts.actAs", "roles/iam.serviceAccountUser"],
        ["resourcemanager.projects.setIamPolicy", "roles/resourcemanager.projectIamAdmin"],
    ],
    network: [
        ["compute.networks.create", "roles/compute.networkAdmin"],
        ["compute.subnetworks.create", "roles/compute.networkAdmin"],
    ],
    firewall: [["compute.firewalls.create", "roles/compute.securityAdmin"]],
    secrets: [["secretmanager.secrets.create", "roles/secretmanager.admin"]],
    topic: [
        ["pubsub.topics.create", "roles/pubsub.admin"],
        ["pubsub.subscriptions.create", "roles/pubsub.admin"],
    ],
};

/**
 * A hook that rejects a deployer who lacks roles, before the first resource is created. Otherwise, a command would fail
 * halfway, with Google's message, which names a permission but no role. All resources with the hook share one check.
 * @param config returns the value of a key such as `gcp:accessToken`.
 */
export function roleCheck(
    project: string,
    needs: Needs,
    config: (key: string) => string | undefined,
): pulumi.ResourceHookFunction {
    let check: Promise<void> | undefined;
    return () => {
        check ??= requireRoles(project, needs, config);
        return check;
    };
}

/**
 * Checks that the deployer has the permissions that the stack needs on the project.
 * @throws an error that names the missing roles
 */
export async function requireRoles(
    project: string,
    needs: Needs,
    config: (key: string) => string | undefined,
): Promise<void> {
    if (!["", "0"].includes(process.env.SKIP_ROLE_CHECK ?? "")) {
        return;
    }
    const settings = readCloudSettings(config, process.env);
    const call = openCall(await createAuth(settings), systemClock());
    const missing = await missingIn({ call, endpoints: readEndpoints(config, process.env, settings) }, project, needs);
    if (missing.length === 0) {
        return;
    }
    const roles = [...new Set(missing.map(([, role]) => role))];
    const listed = roles.map(
        (role) => `${role} (${missing.flatMap(([name, of]) => (of === role ? [name] : [])).join(", ")})`,
    );
    throw new Error(
        `The account that runs Pulumi must have ${roles.length === 1 ? "one more role" : `${roles.length} more roles`} ` +
            `on the project ${project}: ${listed.join(", ")}. Nothing has been created. Ask for each role: ` +
            `gcloud projects add-iam-policy-binding ${project} --member user:EMAIL --role ${roles[0]}. ` +
            "If the account has these permissions only under a condition, skip this check: SKIP_ROLE_CHECK=1 pulumi up",
    );
}

async function missingIn(
    { call, endpoints }: Pick<GoogleApis, "call" | "endpoints">,
    project: string,
    needs: Needs,
): Promise<Permission[]> {
    const parts = Object.entries(FOR).filter(([part]) => needs[part as keyof Needs]);
    const wanted = [...ALWAYS, ...parts.flatMap(([, permissions]) => permissions)];
    try {
        const permissions = wanted.map(([name]) => name);
        const url = `${endpoints.resourceManager}projects/${project}:testIamPermissions`;
        const { permissions: held = [] } = (await call("POST", url, { permissions })) ?? {};
        return wanted.filter(([name]) => !(held as string[]).includes(name));
    } catch (error) {
        // If this request fails, later requests that need the permissions will show whether they are granted.
        if (![400, 403].includes(httpStatusOf(error) ?? 0)) {
            throw error;
        }
        return [];
    }
}
