import type * as pulumi from "@pulumi/pulumi";
import type { Print } from "./clients";
import { httpStatusOf, messageOf } from "./errors";
import {
    type ApiSession,
    apiErrorOf,
    configureApis,
    type Endpoints,
    type GoogleApis,
    isDisabledApi,
    openApis,
} from "./google-api";
import { hasChanged } from "./resource-inputs";
import { terminalText } from "./terminal-text";

/** Resolved inputs for `ReadyApis`, which are also its complete state. */
export interface ReadyApisInputs {
    project: string;
    region: string;
    /** Names of enabled services without `.googleapis.com`, e.g. `compute`. */
    services: string[];
}

const session: ApiSession = { settings: undefined, endpoints: undefined };

/** Handlers for `ReadyApis`, which Pulumi serialises like those in `trainingRunProvider`. */
export const readyApisProvider: pulumi.dynamic.ResourceProvider<ReadyApisInputs, ReadyApisInputs> = {
    async configure(request) {
        configureApis(session, (key) => request.config.get(key));
    },

    async diff(_id, olds, news) {
        return { changes: ["project", "services"].some((key) => hasChanged(olds, news, key)), replaces: [] };
    },

    async create(inputs) {
        await wait(inputs);
        return { id: inputs.project, outs: inputs };
    },

    async update(_id, _olds, news) {
        await wait(news);
        return { outs: news };
    },
};

async function wait(inputs: ReadyApisInputs): Promise<void> {
    try {
        const apis = await openApis(session);
        const print: Print = (line) => console.log(terminalText(line));
        await Promise.all(inputs.services.map((service) => waitForApi(apis, service, inputs, print)));
    } catch (error) {
        throw new Error(terminalText(messageOf(error)), { cause: error });
    }
}

/**
 * Waits for up to ten minutes until an API that has been enabled accepts requests. Its servers learn at different times
 * that it is enabled, so it must accept several requests in succession.
 * @throws an error with the API's last response
 */
export async function waitForApi(
    { call, endpoints, clock }: GoogleApis,
    service: string,
    { project, region }: Pick<ReadyApisInputs, "project" | "region">,
    print: Print,
): Promise<void> {
    const url = cheapRequest(endpoints, service, project, region);
    if (url === undefined) {
        return;
    }
    const wanted = 3;
    const minutes = 10;
    const deadline = clock.now() + minutes * 60_000;
    let isAnnounced = false;
    for (let accepted = 0; accepted < wanted; ) {
        const refusal = await refusalOf(() => call("GET", url));
        accepted = refusal === undefined ? accepted + 1 : 0;
        if (refusal === undefined) {
            continue;
        }
        if (clock.now() > deadline) {
            throw new Error(
                `The API ${service}.googleapis.com must accept requests from project ${project}, but ${minutes} ` +
                    `minutes after it was enabled, it still refuses them: ${refusal}. ` +
                    "Run `pulumi up` again in a few minutes",
            );
        }
        if (!isAnnounced) {
            print(`waiting for ${service}.googleapis.com, which has just been enabled, to accept requests`);
            isAnnounced = true;
        }
        await clock.sleep(3000);
    }
}

/** A request that changes nothing, or undefined for an API that only the VM and people use. */
function cheapRequest(endpoints: Endpoints, service: string, project: string, region: string): string | undefined {
    const urls: Record<string, string> = {
        compute: `${endpoints.compute}projects/${project}`,
        storage: `${endpoints.storage}b?project=${project}&maxResults=1`,
        artifactregistry: `${endpoints.artifactRegistry}projects/${project}/locations/${region}/repositories?pageSize=1`,
        iam: `${endpoints.iam}projects/${project}/serviceAccounts?pageSize=1`,
        secretmanager: `${endpoints.secretManager}projects/${project}/secrets?pageSize=1`,
        pubsub: `${endpoints.pubsub}projects/${project}/topics?pageSize=1`,
        batch: `${endpoints.batch}projects/${project}/locations/${region}/jobs?pageSize=1`,
    };
    return urls[service];
}

/** The message from an API that refuses a request because it is not enabled. Any other response proves that it is. */
async function refusalOf(request: () => Promise<unknown>): Promise<string | undefined> {
    try {
        await request();
        return undefined;
    } catch (error) {
        if (httpStatusOf(error) !== 403) {
            throw error;
        }
        return isDisabledApi(error) ? apiErrorOf(error).message : undefined;
    }
}
