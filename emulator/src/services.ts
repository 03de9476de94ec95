import { availableParallelism } from "node:os";
import { batchFaultRoutes, batchRoutes } from "./batch/routes";
import { BatchService } from "./batch/service";
import { billingRoutes } from "./billing/routes";
import { ComputeService } from "./compute/compute-service";
import { IMAGE_PROJECT } from "./compute/images";
import { REGIONS } from "./compute/regions";
import { computeRoutes } from "./compute/routes";
import { RequestLog } from "./console/request-log";
import { consoleRoutes } from "./console/routes";
import { BatchFaults } from "./faults/batch-rule";
import type { Route } from "./http/router";
import type { ApiRequest } from "./http/types";
import { iamRoutes } from "./iam/routes";
import { IamService } from "./iam/service";
import { LogService } from "./logging/entries";
import { loggingRoutes } from "./logging/routes";
import { Organization } from "./org/organization";
import { ProjectService, projectNumber } from "./projects/projects";
import { requireApi } from "./projects/required-api";
import { projectRoutes } from "./projects/routes";
import { publishRoutes, pubsubRoutes } from "./pubsub/routes";
import { PubSubService } from "./pubsub/service";
import { artifactRoutes } from "./registry/artifact-routes";
import { localImageRoute } from "./registry/local-images";
import { ociRoutes } from "./registry/oci-routes";
import { ArtifactRegistryService } from "./registry/service";
import { secretAccessRoutes, secretRoutes } from "./secrets/routes";
import { SecretService } from "./secrets/service";
import type { EmulatorOptions, Service } from "./service";
import { BUCKETS, type Bucket } from "./storage/buckets";
import { storageRoutes } from "./storage/routes";
import { StorageService } from "./storage/service";
import { DocumentStore } from "./store/documents";

/** All services that share one data folder. */
export interface Services {
    readonly options: EmulatorOptions;
    /** The main port; set once it is listening. */
    readonly listening: { port: number };
    readonly documents: DocumentStore;
    readonly org: Organization;
    readonly projects: ProjectService;
    readonly iam: IamService;
    readonly storage: StorageService;
    readonly registry: ArtifactRegistryService;
    readonly secrets: SecretService;
    readonly pubsub: PubSubService;
    readonly logs: LogService;
    readonly compute: ComputeService;
    readonly batch: BatchService;
    /** The most recent requests, for the console. */
    readonly requestLog: RequestLog;
}

/** Creates all services. `options.dataDir` must already be locked. */
export function createServices(options: EmulatorOptions, operatorToken: string): Services {
    const { dataDir, runtime, grantDelayMs, apiDelayMs, operationMs = 0 } = options;
    const org = new Organization(options.org);
    const documents = new DocumentStore(dataDir);
    const listening = { port: 0 };
    const requestLog = new RequestLog();
    const buckets = documents.collection<Bucket>(BUCKETS);
    const projects = new ProjectService(documents, { apiDelayMs, operationMs });
    const iam = new IamService(documents, projects, {
        operatorToken,
        projectOfBucket: (bucket) => buckets.get(bucket)?.projectId,
        projectNumber,
        org,
        ...(grantDelayMs === undefined ? {} : { grantDelayMs }),
    });
    const storage = new StorageService(dataDir, documents, { projects, policies: iam.policies, org });
    const registry = new ArtifactRegistryService(dataDir, documents, {
        projects,
        policies: iam.policies,
        org,
        operationMs,
    });
    const secrets = new SecretService(documents, projects, iam, org);
    const pubsub = new PubSubService(documents, projects, iam, org);
    const compute = new ComputeService(documents, {
        projects,
        org,
        operationMs,
        accountExists: (email) => iam.serviceAccounts.exists(email),
        host: {
            dataDir,
            runtime,
            faults: options.faults,
            bootUptimeSeconds: options.bootUptimeSeconds,
            mainPort: () => listening.port,
            storage: storageRoutes({ storage, projects, iam }),
            withToken: [...secretAccessRoutes({ secrets, projects, iam }), ...publishRoutes({ pubsub, projects, iam })],
            log: (line, vm) => {
                requestLog.add(line, vm);
                options.log?.(`${line} (${vm})`);
            },
        },
    });
    const logs = new LogService(documents);
    const {
        tickMs = 250,
        preemptionMs = 10_000,
        queueTicks = 40,
        maxVms,
        faults = new BatchFaults(),
    } = options.batch ?? {};
    const batch = new BatchService(documents, {
        iam,
        compute,
        logs,
        faults,
        timing: {
            tickMs,
            preemptionMs,
            queueTicks,
            // As on Google Cloud, a grant takes effect long before Batch gives up.
            agentMs: 6 * tickMs + 3 * (grantDelayMs ?? 0),
            maxVms: maxVms ?? Math.max(4, 2 * availableParallelism()),
        },
    });
    return {
        options,
        listening,
        documents,
        org,
        projects,
        iam,
        storage,
        registry,
        secrets,
        pubsub,
        logs,
        compute,
        batch,
        requestLog,
    };
}

/** All routes on the main port. The first matching route wins. */
export function mainRoutes(services: Services): Route[] {
    const { options, projects, iam, storage, registry, secrets, pubsub, logs } = services;
    // The APIs of Google's own projects, and of `-` (any project), are always enabled.
    const named = ({ params }: ApiRequest) =>
        [IMAGE_PROJECT, "-"].includes(params.project ?? "-") ? undefined : params.project;
    const api = (name: string, routes: readonly Route[]) =>
        requireApi(projects, `${name}.googleapis.com`, routes, named);
    return [
        ...requireApi(
            projects,
            "storage.googleapis.com",
            storageRoutes({ storage, projects, iam }),
            ({ params, query }) => query.get("project") ?? storage.buckets.find(params.bucket ?? "")?.projectId,
        ),
        ...api("iam", iamRoutes(iam, projects)),
        ...projectRoutes(projects, iam),
        ...api("compute", computeRoutes(services)),
        ...api("batch", batchRoutes(services)),
        ...batchFaultRoutes(services),
        ...api("artifactregistry", artifactRoutes({ registry, iam })),
        ...billingRoutes(REGIONS),
        ...api("secretmanager", secretRoutes({ secrets, projects, iam })),
        ...api("pubsub", pubsubRoutes({ pubsub, projects, iam })),
        localImageRoute(registry),
        // These routes precede the registry, which also serves its images under /v2.
        ...loggingRoutes(logs, iam),
        ...ociRoutes({ registry, iam }),
        ...consoleRoutes({ ...services, runtime: options.runtime }),
    ];
}

/** Services in the order in which they start and list their inventory. They stop in reverse order. */
export function lifecycle({ storage, iam, registry, secrets, pubsub, compute, batch }: Services): Service[] {
    return [storage, iam, registry, secrets, pubsub, compute, batch];
}
