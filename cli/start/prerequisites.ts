import { call, callAndWait, GoogleApiError, type Properties, type RehearsalContext } from "./context";
import type { StackConfig } from "./stack-config";

/** Roles that README asks for an existing service account, granted on the project. */
const ACCOUNT_ROLES = [
    "roles/storage.legacyBucketReader",
    "roles/storage.objectUser",
    "roles/artifactregistry.reader",
    "roles/logging.logWriter",
];

/** Takes away again what stood for something existing. */
export type TakeAway = (context: RehearsalContext) => Promise<void>;

/**
 * Makes what the config says exists already, network and subnetwork or a service account with its grants: the emulator begins
 * empty. A rehearsal cannot tell whether they are on Google Cloud as they should be.
 *
 * @returns how to take it away again, the last first
 */
export async function makeExisting(context: RehearsalContext, { project, values }: StackConfig): Promise<TakeAway[]> {
    const value = (key: string) => values[`${project}:${key}`] ?? "";
    const made: TakeAway[] = [];
    const [network, subnetwork, account] = [value("network"), value("subnetwork"), value("serviceAccount")];
    if (network && subnetwork) {
        const networkPath = networkPathOf(network, context);
        const subnetworkPath = subnetworkPathOf(subnetwork, context);
        made.unshift(await makeAt(context, networkPath, { autoCreateSubnetworks: false }));
        const range = { ipCidrRange: "10.0.0.0/24", privateIpGoogleAccess: true };
        made.unshift(await makeAt(context, subnetworkPath, { network: networkPath, ...range }));
        context.print(`Taken to exist: ${networkPath}, and ${subnetworkPath} with Private Google Access`);
    }
    if (account) {
        made.unshift(await makeAccount(context, account));
        context.print(`Taken to exist: ${account}, with ${ACCOUNT_ROLES.join(", ")}`);
    }
    return made;
}

/** The path of a network that is given by name, path or URL, as the gcp provider makes it. */
export function networkPathOf(network: string, { gcp }: RehearsalContext): string {
    return pathOf(network, `projects/${gcp.project}/global/networks`);
}

/** The same of a subnetwork, which a name puts into the stack's region. */
export function subnetworkPathOf(subnetwork: string, { gcp }: RehearsalContext): string {
    return pathOf(subnetwork, `projects/${gcp.project}/regions/${gcp.region}/subnetworks`);
}

function pathOf(reference: string, collection: string): string {
    return /projects\/.*$/.exec(reference)?.[0] ?? `${collection}/${reference.split("/").at(-1)}`;
}

async function makeAt(context: RehearsalContext, path: string, body: Properties): Promise<TakeAway> {
    const at = path.lastIndexOf("/");
    const name = path.slice(at + 1);
    await callAndWait(context, "POST", `/compute/v1/${path.slice(0, at)}`, { name, ...body });
    return (later) => callAndWait(later, "DELETE", `/compute/v1/${path}`);
}

async function makeAccount(context: RehearsalContext, email: string): Promise<TakeAway> {
    const { project } = context.gcp;
    const [accountId, home = ""] = email.split(/@|\.iam\.gserviceaccount\.com$/);
    const account = `projects/${home || project}/serviceAccounts/${email}`;
    const made = await call(context, "POST", `/v1/projects/${home || project}/serviceAccounts`, { accountId });
    if (made.email !== email) {
        throw new GoogleApiError(400, `the rehearsal cannot make the service account ${email}; it made ${made.email}`);
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
    const kept = [...others, ...own.filter(({ members }) => members.length > 0)];
    await call(context, "POST", `${at}:setIamPolicy`, { policy: { ...policy, bindings: kept } });
}
