import type * as pulumi from "@pulumi/pulumi";
import type { Print } from "./clients";
import { httpStatusOf, messageOf } from "./errors";
import { type ApiSession, configureApis, openApis } from "./google-api";
import { isOwned } from "./marks";
import {
    type Kind,
    type OwnerContext,
    placeOf,
    removeInstances,
    removeJobs,
    removeOwned,
    secretsOf,
} from "./owned-resources";
import { type PolicyHolder, revoke } from "./policies";
import { hasChanged } from "./resource-inputs";
import { terminalText } from "./terminal-text";

/** Resolved inputs for `Cleanup`. They may include the names of resources that the stack does not create. */
export interface CleanupInputs {
    /** Whether to remove only the instances or everything that the stack creates. */
    scope: "instances" | "everything";
    /** The resources' owner; "" generates one. */
    existingOwner: string;
    project: string;
    region: string;
    bucket: string;
    repository: string;
    /** The part of the VM account's address before the `@`; "" for an account that the stack does not create. */
    account: string;
    network: string;
    subnetwork: string;
    firewall: string;
    /** Names of buckets and secrets (`projects/P/secrets/S`) outside the stack whose policies name the account. */
    sharedBuckets: string[];
    sharedSecrets: string[];
    /** Subnetwork for Batch jobs; missing in a stack that does not use Batch. */
    batchSubnetwork?: string;
    /**
     * The topic for notifications (`projects/P/topics/T`), which may exist outside the stack; absent if there is none.
     */
    topic?: string;
}

/**
 * The state of `Cleanup`: its inputs, its owner, and every place that its inputs have ever named, because an
 * interrupted update may have left resources in earlier ones.
 */
export interface CleanupOutputs extends CleanupInputs {
    owner: string;
    places: {
        regions: string[];
        accounts: string[];
        sharedBuckets: string[];
        sharedSecrets: string[];
        batchSubnetworks?: string[];
        topics?: string[];
    };
}

const session: ApiSession = { settings: undefined, endpoints: undefined };

/** Handlers for `Cleanup`, which Pulumi serialises like those in `trainingRunProvider`. */
export const cleanupProvider: pulumi.dynamic.ResourceProvider<CleanupInputs, CleanupOutputs> = {
    async configure(request) {
        configureApis(session, (key) => request.config.get(key));
    },

    /** Names depend on the project and the stack, so changed names mean other resources with another owner. */
    async diff(_id, olds, news) {
        const differs = (key: string) => hasChanged(olds, news, key);
        const names = ["scope", "project", "bucket", "repository", "network", "subnetwork", "firewall"];
        const replaces = [...names, ...(news.scope === "instances" ? ["existingOwner"] : [])].filter(differs);
        const others = ["region", "account", "sharedBuckets", "sharedSecrets", "batchSubnetwork", "topic"];
        return { changes: replaces.length > 0 || others.some(differs), replaces };
    },

    async create(inputs) {
        const { randomBytes } = require("node:crypto") as typeof import("node:crypto");
        const owner = inputs.existingOwner || randomBytes(8).toString("hex");
        return { id: owner, outs: { ...inputs, owner, places: placesIn(inputs) } };
    },

    async update(_id, olds, news) {
        return { outs: { ...news, owner: olds.owner, places: placesIn(news, olds.places) } };
    },

    async delete(_id, state) {
        const print: Print = (line) => console.log(terminalText(line));
        try {
            await removeAll({ apis: await openApis(session), owner: state.owner, print }, state);
        } catch (error) {
            throw new Error(terminalText(messageOf(error)), { cause: error });
        }
    },
};

function placesIn(inputs: CleanupInputs, earlier?: CleanupOutputs["places"]): CleanupOutputs["places"] {
    const both = (before: string[] | undefined, now: string[]) => [...new Set([...(before ?? []), ...now])];
    const batchSubnetworks = both(earlier?.batchSubnetworks, inputs.batchSubnetwork ? [inputs.batchSubnetwork] : []);
    const topics = both(earlier?.topics, inputs.topic ? [inputs.topic] : []);
    return {
        regions: both(earlier?.regions, [inputs.region]),
        accounts: both(earlier?.accounts, inputs.account === "" ? [] : [inputs.account]),
        sharedBuckets: both(earlier?.sharedBuckets, inputs.sharedBuckets),
        sharedSecrets: both(earlier?.sharedSecrets, inputs.sharedSecrets),
        ...(batchSubnetworks.length > 0 ? { batchSubnetworks } : {}),
        ...(topics.length > 0 ? { topics } : {}),
    };
}

/** Removes every resource that carries the owner's mark. If one step fails, the others are still attempted. */
async function removeAll(context: OwnerContext, state: CleanupOutputs): Promise<void> {
    const { project } = state;
    if (state.places.batchSubnetworks !== undefined) {
        await removeJobs(context, project, state.places.regions);
    }
    await removeInstances(context, project);
    if (state.scope === "instances") {
        return;
    }
    const remove = async (kind: Kind, name: string, location?: string) => {
        const place = placeOf(context.apis, kind, { project, name, ...(location === undefined ? {} : { location }) });
        await unlessDenied(context, `the ${kind} ${place.name}`, async () => {
            if ((await removeOwned(context, place)) === "foreign") {
                context.print(`the ${kind} ${place.name} is kept, because it does not belong to this stack`);
            }
        });
    };
    const parts = [
        removeNetwork(remove, state),
        ...state.places.accounts.map((account) =>
            unlessDenied(context, `the grants of the service account ${account}`, () =>
                removeAccount(context, remove, state, account),
            ),
        ),
        removeSecrets(context, project),
        ...(state.places.topics ?? []).map((topic) =>
            unlessDenied(context, `the topic ${topic}`, () => removeTopic(context, topic)),
        ),
        ...state.places.regions.map((region) => remove("repository", state.repository, region)),
        remove("bucket", state.bucket),
    ];
    const results = await Promise.allSettled(parts);
    const problems = results.flatMap((result) => (result.status === "rejected" ? [messageOf(result.reason)] : []));
    if (problems.length > 0) {
        throw new Error(problems.join("\n"));
    }
}

/**
 * Reports a denied request instead of failing, because the deployer of a stack that uses an existing network or account
 * may not have the roles to delete networks and accounts. Resources that cost money are never skipped.
 */
async function unlessDenied({ print }: OwnerContext, what: string, action: () => Promise<void>): Promise<void> {
    try {
        await action();
    } catch (error) {
        if (httpStatusOf(error) !== 403 || /^the (bucket|repository) /.test(what)) {
            throw error;
        }
        print(`${what} could not be checked: ${messageOf(error)}`);
    }
}

type Remove = (kind: Kind, name: string, location?: string) => Promise<void>;

async function removeNetwork(remove: Remove, { firewall, subnetwork, network, places }: CleanupOutputs): Promise<void> {
    await Promise.all([
        remove("firewall", firewall),
        ...places.regions.flatMap((region) =>
            [subnetwork, ...(places.batchSubnetworks ?? [])].map((each) => remove("subnetwork", each, region)),
        ),
    ]);
    await remove("network", network);
}

async function removeSecrets(context: OwnerContext, project: string): Promise<void> {
    for (const place of await secretsOf(context, project)) {
        await removeOwned(context, place);
    }
}

/** Removes a topic and its subscription if the stack created them; both have the same name. */
async function removeTopic(context: OwnerContext, fullName: string): Promise<void> {
    const [, project = "", , name = ""] = fullName.split("/");
    await removeOwned(context, placeOf(context.apis, "subscription", { project, name }));
    await removeOwned(context, placeOf(context.apis, "topic", { project, name }));
}

/**
 * Removes the account's grants before the account, because afterwards, policies refer to the deleted account by another
 * name.
 */
async function removeAccount(
    context: OwnerContext,
    remove: Remove,
    { project, places }: CleanupOutputs,
    account: string,
): Promise<void> {
    const place = placeOf(context.apis, "service account", { project, name: account });
    const found = await context.apis.call("GET", place.url);
    if (found === undefined || isOwned(found, context.owner)) {
        const holders: PolicyHolder[] = [
            { project },
            ...places.sharedBuckets.map((bucket) => ({ bucket })),
            ...places.sharedSecrets.map((secret) => ({ secret })),
            ...(places.topics ?? []).map((topic) => ({ topic })),
        ];
        for (const holder of holders) {
            await revoke(context.apis, holder, place.name);
        }
    }
    await remove("service account", account);
}
