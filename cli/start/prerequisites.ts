import { call, callAndWait, GoogleApiError, type Properties, type RehearsalContext } from "./rehearsal-context";
import type { StackConfig } from "./stack-config";

/** Roles that the documentation requires of an existing service account, granted on the project. */
const ACCOUNT_ROLES = [
    "roles/storage.legacyBucketReader",
    "roles/storage.objectUser",
    "roles/artifactregistry.reader",
    "roles/logging.logWriter",
];

/** Deletes a prerequisite. */
export type Teardown = (context: RehearsalContext) => Promise<void>;

/**
 * Creates the resources that the config says exist (network and subnetwork, or a service account with its grants), because
 * the emulator starts empty. A rehearsal cannot check them on Google Cloud.
 *
 * @returns their teardown, in reverse order
 */
export async function createPrerequisites(
    context: RehearsalContext,
    { project, values }: StackConfig,
): Promise<Teardown[]> {
    const value = (key: string) => values[`${project}:${key}`] ?? "";
    const teardown: Teardown[] = [];
    const [network, subnetwork, account] = [value("network"), value("subnetwork"), value("serviceAccount")];
    if (network && subnetwork) {
        const networkPath = networkPathOf(network, context);
        const subnetworkPath = subnetworkPathOf(subnetwork, context);
        teardown.unshift(await createNetworkPart(context, networkPath, { autoCreateSubnetworks: false }));
        const range = { ipCidrRange: "10.0.0.0/24", privateIpGoogleAccess: true };
        teardown.unshift(await createNetworkPart(context, subnetworkPath, { network: networkPath, ...range }));
        context.print(`Assumed to exist: ${networkPath}, and ${subnetworkPath} with Private Google Access`);
    }
    if (account) {
        teardown.unshift(await createAccount(context, account));
        context.print(`Assumed to exist: ${account}, with ${ACCOUNT_ROLES.join(", ")}`);
    }
    return teardown;
}

/** The path of a network given by name, path or URL, by the gcp provider's rules. */
export function networkPathOf(network: string, { gcp }: RehearsalContext): string {
    return pathOf(network, `projects/${gcp.project}/global/networks`);
}

/** The path of a subnetwork; a name alone means the stack's region. */
export function subnetworkPathOf(subnetwork: string, { gcp }: RehearsalContext): string {
    return pathOf(subnetwork, `projects/${gcp.project}/regions/${gcp.region}/subnetworks`);
}

function pathOf(reference: string, collection: string): string {
    return /projects\/.*$/.exec(reference)?.[0] ?? `${collection}/${reference.split("/").at(-1)}`;
}

async function createNetworkPart(context: RehearsalContext, path: string, body: Properties): Promise<Teardown> {
    const at = path.lastIndexOf("/");
    const name = path.slice(at + 1);
    await callAndWait(context, "POST", `/compute/v1/${path.slice(0, at)}`, { name, ...body });
    return (later) => callAndWait(later, "DELETE", `/compute/v1/${path}`);
}

async function createAccount(context: RehearsalContext, email: string): Promise<Teardown> {
    const { project } = context.gcp;
    const [accountId, ownProject = ""] = email.split(/@|\.iam\.gserviceaccount\.com$/);
    const account = `projects/${ownProject || project}/serviceAccounts/${email}`;
    const created = await call(context, "POST", `/v1/projects/${ownProject || project}/serviceAccounts`, { accountId });
    if (created.email !== email) {
        throw new GoogleApiError(
            400,
            `the rehearsal cannot create the service account ${email}; it created ${created.email}`,
        );
    }
    await changeGrants(context, (members) => [...members, `serviceAccount:${email}`]);
    return async (later) => {
        await changeGrants(later, (members) => members.filter((member) => member !== `serviceAccount:${email}`));
        await call(later, "DELETE", `/v1/${account}`);
    };
}

interface Binding {
    role: string;
    members: string[];
}

/** Changes the members of the account's roles on the project. */
async function changeGrants(context: RehearsalContext, change: (members: string[]) => string[]): Promise<void> {
    const at = `/v1/projects/${context.gcp.project}`;
    const policy = await call(context, "POST", `${at}:getIamPolicy`, {});
    const bindings = (policy.bindings ?? []) as Binding[];
    const others = bindings.filter(({ role }) => !ACCOUNT_ROLES.includes(role));
    const own = ACCOUNT_ROLES.map((role) => {
        const members = bindings.find((binding) => binding.role === role)?.members ?? [];
        return { role, members: change(members) };
    });
    const changed = [...others, ...own.filter(({ members }) => members.length > 0)];
    await call(context, "POST", `${at}:setIamPolicy`, { policy: { ...policy, bindings: changed } });
}
