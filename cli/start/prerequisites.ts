import type { Config } from "../../infra/config";
import { fullVersionName } from "../../run/secret-version";
import { createStandIns, type DatasetStandIns } from "./dataset-stand-ins";
import { GoogleApiError } from "./patient-request";
import {
    call,
    callAndWait,
    changePolicy,
    create,
    find,
    type Properties,
    type RehearsalContext,
} from "./rehearsal-context";
import type { StackConfig } from "./stack-config";

/** The roles that the documentation requires for an existing service account; they are granted on the project. */
const ACCOUNT_ROLES = ["roles/storage.objectUser", "roles/artifactregistry.reader", "roles/logging.logWriter"];

/** The additional role for Batch jobs. */
const BATCH_ROLE = "roles/batch.agentReporter";

/** The additional role for a stack with secrets. */
const SECRETS_ROLE = "roles/secretmanager.secretAccessor";

/** The additional role for a stack with notifications. */
const PUBLISHER_ROLE = "roles/pubsub.publisher";

/** Placeholder for an existing secret version's value, if `--secret-env` does not provide the value. */
const STAND_IN = "stand-in-of-the-rehearsal";

/** Maximum number of versions to create. For version 5 to exist, versions 1 to 4 must also be created. */
const MAX_VERSIONS = 1000;

/** Deletes a prerequisite. */
export type Teardown = (context: RehearsalContext) => Promise<void>;

/**
 * Creates the resources that, according to the config, already exist (a dataset in a bucket, network and subnetwork, a
 * service account with its grants, secret versions, a topic), because the emulator starts empty. A rehearsal cannot
 * check whether they exist on Google Cloud.
 *
 * @returns a function that deletes them in reverse order
 */
export async function createPrerequisites(
    context: RehearsalContext,
    { project, values, standIns }: StackConfig,
    { engine, notify, secretEnv, secretValues }: Config,
    datasetFiles?: DatasetStandIns,
): Promise<Teardown[]> {
    const value = (key: string) => values[`${project}:${key}`] ?? "";
    const teardown: Teardown[] = datasetFiles === undefined ? [] : [await createStandIns(context, datasetFiles)];
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
        const usesSecrets = Object.keys({ ...secretEnv, ...secretValues }).length > 0;
        const roles = [
            ...ACCOUNT_ROLES,
            ...(usesSecrets ? [SECRETS_ROLE] : []),
            ...(engine === "batch" ? [BATCH_ROLE] : []),
            ...(notify === "" ? [] : [PUBLISHER_ROLE]),
        ];
        teardown.unshift(await createAccount(context, account, roles));
        context.print(`Assumed to exist: ${account}, with ${roles.join(", ")}`);
    }
    if (notify.startsWith("projects/")) {
        await call(context, "PUT", `/v1/${notify}`, {}, () => find(context, `/v1/${notify}`));
        teardown.unshift(async (later) => void (await call(later, "DELETE", `/v1/${notify}`)));
        context.print(`Assumed to exist: ${notify}`);
    }
    const created = new Set<string>();
    const versions = Object.entries(secretEnv).map(([name, version]) => ({
        name,
        fullName: fullVersionName(version, context.gcp.project),
    }));
    // Create lower version numbers first, so that each version gets the value of its own variable.
    const numberOf = (fullName: string) => Number(fullName.split("/").at(-1));
    for (const { name, fullName } of versions.sort((a, b) => numberOf(a.fullName) - numberOf(b.fullName))) {
        const value = standIns[name];
        teardown.unshift(...(await createVersions(context, fullName, value ?? STAND_IN, created)));
        const source = value === undefined ? `the stand-in value ${STAND_IN}` : `the value of --secret-env ${name}`;
        context.print(`Assumed to exist: ${fullName}, with ${source}`);
    }
    return teardown;
}

/** The path for a network given by name, path or URL, resolved as the gcp provider does. */
export function networkPathOf(network: string, { gcp }: RehearsalContext): string {
    return pathOf(network, `projects/${gcp.project}/global/networks`);
}

/** The path for a subnetwork; a bare name refers to the stack's region. */
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

/**
 * Creates a secret with as many versions as are needed for the named version to exist.
 *
 * @param created secrets that already exist; this one is added
 */
async function createVersions(
    context: RehearsalContext,
    fullName: string,
    value: string,
    created: Set<string>,
): Promise<Teardown[]> {
    const [, project = "", id = "", number = ""] =
        /^projects\/(.+)\/secrets\/(.+)\/versions\/(\d+)$/.exec(fullName) ?? [];
    if (Number(number) > MAX_VERSIONS) {
        throw new GoogleApiError(
            400,
            `the rehearsal creates every version up to ${fullName}, at most ${MAX_VERSIONS}; rehearse with a lower number`,
        );
    }
    const secret = `/v1/projects/${project}/secrets/${id}`;
    const isNew = !created.has(secret);
    if (isNew) {
        created.add(secret);
        const collection = `/v1/projects/${project}/secrets`;
        await create(context, `${collection}?secretId=${id}`, { replication: { automatic: {} } }, secret);
    }
    const countVersions = async () => {
        const { totalSize } = await call(context, "GET", `${secret}/versions?pageSize=1`);
        return Number(totalSize);
    };
    const body = { payload: { data: Buffer.from(value).toString("base64") } };
    for (let count = await countVersions(); count < Number(number); count++) {
        await call(context, "POST", `${secret}:addVersion`, body, async () =>
            (await countVersions()) > count ? {} : undefined,
        );
    }
    return isNew ? [async (later) => void (await call(later, "DELETE", secret))] : [];
}

async function createAccount(context: RehearsalContext, email: string, roles: readonly string[]): Promise<Teardown> {
    const { project } = context.gcp;
    const [accountId, ownProject = ""] = email.split(/@|\.iam\.gserviceaccount\.com$/);
    const account = `projects/${ownProject || project}/serviceAccounts/${email}`;
    const collection = `/v1/projects/${ownProject || project}/serviceAccounts`;
    const created = await create(context, collection, { accountId }, `/v1/${account}`);
    if (created.email !== email) {
        throw new GoogleApiError(
            400,
            `the rehearsal cannot create the service account ${email}; it created ${created.email}`,
        );
    }
    await changeGrants(context, roles, (members) => [...members, `serviceAccount:${email}`]);
    return async (later) => {
        await changeGrants(later, roles, (members) => members.filter((member) => member !== `serviceAccount:${email}`));
        await call(later, "DELETE", `/v1/${account}`);
    };
}

interface Binding {
    role: string;
    members: string[];
}

/** Changes the account's role bindings on the project. */
async function changeGrants(
    context: RehearsalContext,
    roles: readonly string[],
    change: (members: string[]) => string[],
): Promise<void> {
    const at = `/v1/projects/${context.gcp.project}`;
    await changePolicy(
        () => call(context, "POST", `${at}:getIamPolicy`, {}),
        (policy) => call(context, "POST", `${at}:setIamPolicy`, { policy }),
        (policy) => {
            const bindings = (policy.bindings ?? []) as Binding[];
            const others = bindings.filter(({ role }) => !roles.includes(role));
            const own = roles.map((role) => {
                const members = bindings.find((binding) => binding.role === role)?.members ?? [];
                return { role, members: change(members) };
            });
            return { ...policy, bindings: [...others, ...own.filter(({ members }) => members.length > 0)] };
        },
    );
}
