import type { EmulatorOptions, InventoryItem } from ".";
import { ComputeService } from "./compute/compute-service";
import { RequestLog } from "./console/request-log";
import { PolicyStore } from "./iam/policy";
import { ServiceAccountService } from "./iam/service-accounts";
import { LogService } from "./logging/entries";
import { ProjectService } from "./project/projects";
import { ArtifactRegistryService } from "./registry/artifact-registry-service";
import { BUCKETS, type Bucket } from "./storage/buckets";
import { StorageService } from "./storage/service";
import { DocumentStore } from "./store/documents";

/** Everything behind the HTTP APIs. A handler reaches its service through `request.services`. */
export interface Services {
    readonly options: EmulatorOptions;
    /** The main port, once it listens. */
    readonly listening: { port: number };
    readonly documents: DocumentStore;
    readonly projects: ProjectService;
    readonly policies: PolicyStore;
    readonly serviceAccounts: ServiceAccountService;
    readonly storage: StorageService;
    readonly artifactRegistry: ArtifactRegistryService;
    readonly logs: LogService;
    readonly compute: ComputeService;
    /** What the console shows of the last requests. */
    readonly requestLog: RequestLog;
}

/** What startEmulator needs of a service; every part is optional. */
export interface Service {
    /** Called once before the first request. */
    start?(): Promise<void>;
    /** Called once after the last request. */
    stop?(): Promise<void>;
    /** Things that exist now and would bill or clutter a real project. */
    inventory?(): InventoryItem[];
}

/** Builds all services over one data folder. `options.dataDir` must be locked already. */
export function createServices(options: EmulatorOptions): Services {
    const documents = new DocumentStore(options.dataDir);
    const buckets = documents.collection<Bucket>(BUCKETS);
    const projects = new ProjectService(documents);
    const serviceAccounts = new ServiceAccountService(documents, projects);
    const policies = new PolicyStore(documents, {
        projectOfBucket: (bucket) => buckets.get(bucket)?.projectId,
        isActiveAccount: (email) => serviceAccounts.isActive(email),
        ...(options.grantDelayMs === undefined ? {} : { grantDelayMs: options.grantDelayMs }),
    });
    const storage = new StorageService(options.dataDir, documents, projects, policies);
    const services: Services = {
        options,
        listening: { port: 0 },
        documents,
        projects,
        policies,
        serviceAccounts,
        storage,
        artifactRegistry: new ArtifactRegistryService({ options, documents, projects, policies }),
        requestLog: new RequestLog(),
        logs: new LogService(documents),
        // Machines serve storage themselves, so Compute Engine is built from the others.
        get compute() {
            return compute;
        },
    };
    const compute = new ComputeService(services);
    return services;
}

/** Services in the order in which they start; they stop in the reverse order, and the inventory follows it. */
export function lifecycle(services: Services): Service[] {
    return [services.storage, services.serviceAccounts, services.policies, services.artifactRegistry, services.compute];
}
