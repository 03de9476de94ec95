import { ComputeService } from "./compute/compute-service";
import { IMAGE_PROJECT } from "./compute/images";
import { computeRoutes } from "./compute/routes";
import { RequestLog } from "./console/request-log";
import { consoleRoutes } from "./console/routes";
import type { Route } from "./http/router";
import { iamRoutes } from "./iam/routes";
import { IamService } from "./iam/service";
import { LogService } from "./logging/entries";
import { loggingRoutes } from "./logging/routes";
import { ProjectService, projectNumber } from "./projects/projects";
import { projectRoutes } from "./projects/routes";
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
    readonly projects: ProjectService;
    readonly iam: IamService;
    readonly storage: StorageService;
    readonly registry: ArtifactRegistryService;
    readonly secrets: SecretService;
    readonly logs: LogService;
    readonly compute: ComputeService;
    /** The most recent requests, for the console. */
    readonly requestLog: RequestLog;
}

/** Creates all services. `options.dataDir` must already be locked. */
export function createServices(options: EmulatorOptions, operatorToken: string): Services {
    const { dataDir, runtime, grantDelayMs } = options;
    const documents = new DocumentStore(dataDir);
    const listening = { port: 0 };
    const requestLog = new RequestLog();
    const buckets = documents.collection<Bucket>(BUCKETS);
    const projects = new ProjectService(documents);
    const iam = new IamService(documents, projects, {
        operatorToken,
        projectOfBucket: (bucket) => buckets.get(bucket)?.projectId,
        projectNumber,
        ...(grantDelayMs === undefined ? {} : { grantDelayMs }),
    });
    const storage = new StorageService(dataDir, documents, projects, iam.policies);
    const registry = new ArtifactRegistryService(dataDir, documents, projects, iam);
    const secrets = new SecretService(documents, projects, iam);
    const compute = new ComputeService(documents, {
        projects,
        accountExists: (email) => iam.serviceAccounts.exists(email),
        host: {
            dataDir,
            runtime,
            faults: options.faults,
            mainPort: () => listening.port,
            storage: storageRoutes({ storage, projects, iam }),
            secrets: secretAccessRoutes({ secrets, projects, iam }),
            log: (line, vm) => {
                requestLog.add(line, vm);
                options.log?.(`${line} (${vm})`);
            },
        },
    });
    const logs = new LogService(documents);
    return { options, listening, documents, projects, iam, storage, registry, secrets, logs, compute, requestLog };
}

/** All routes of the main port. The first matching route wins. */
export function mainRoutes(services: Services): Route[] {
    const { options, projects, iam, storage, registry, secrets, logs } = services;
    return [
        ...onceReady(services, "storage", storageRoutes({ storage, projects, iam })),
        ...onceReady(services, "iam", iamRoutes(iam, projects)),
        ...projectRoutes(projects, iam),
        ...onceReady(services, "compute", computeRoutes(services)),
        ...onceReady(services, "artifactregistry", artifactRoutes({ registry, iam })),
        ...onceReady(services, "secretmanager", secretRoutes({ secrets, projects, iam })),
        localImageRoute(registry),
        // These routes precede the registry, which also serves its images under /v2.
        ...loggingRoutes(logs, iam),
        ...ociRoutes({ registry, iam }),
        ...consoleRoutes({ ...services, runtime: options.runtime }),
    ];
}

/** With `apiDelayMs`, adds the check that the API is ready to each route that names a project of the developer. */
function onceReady({ options, projects }: Services, api: string, routes: readonly Route[]): readonly Route[] {
    const { apiDelayMs } = options;
    if (apiDelayMs === undefined) {
        return routes;
    }
    return routes.map((route) => ({
        ...route,
        handler: (request) => {
            const project = request.params.project ?? request.query.get("project");
            if (project && project !== IMAGE_PROJECT) {
                projects.requireReady(project, `${api}.googleapis.com`, apiDelayMs);
            }
            return route.handler(request);
        },
    }));
}

/** Services in the order in which they start and list their inventory. They stop in reverse order. */
export function lifecycle({ storage, iam, registry, secrets, compute }: Services): Service[] {
    return [storage, iam, registry, secrets, compute];
}
