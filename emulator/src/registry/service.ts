import { randomUUID } from "node:crypto";
import { notFound } from "../http/errors";
import type { IamService } from "../iam/service";
import type { ProjectService } from "../projects/projects";
import type { InventoryItem, Service } from "../service";
import type { DocumentStore } from "../store/documents";
import { BlobFiles, Uploads } from "./blob-files";
import { ImageStore } from "./images";
import { RepositoryService } from "./repositories";

/** The services that the registry's routes use. */
export interface RegistryServices {
    readonly registry: ArtifactRegistryService;
    readonly iam: IamService;
}

/** Artifact Registry: repositories via Google's API, and their images via the OCI distribution protocol. */
export class ArtifactRegistryService implements Service {
    readonly images: ImageStore;
    readonly repositories: RepositoryService;
    readonly uploads: Uploads;
    readonly operations = new RegistryOperations();

    constructor(dataDir: string, documents: DocumentStore, projects: ProjectService, { policies }: IamService) {
        const files = new BlobFiles(dataDir);
        this.images = new ImageStore(documents, files, dataDir);
        this.repositories = new RepositoryService(documents, this.images, projects, policies);
        this.uploads = new Uploads(files);
    }

    inventory(): InventoryItem[] {
        return this.repositories.inventory();
    }
}

/** A finished long-running operation: https://cloud.google.com/artifact-registry/docs/reference/rest/v1/projects.locations.operations */
interface RegistryOperation {
    /** `projects/P/locations/L/operations/ID`. */
    readonly name: string;
    readonly metadata: { readonly "@type": string };
    readonly done: true;
    readonly response: Readonly<Record<string, unknown>>;
}

const MAX_OPERATIONS = 1000;

/** Operations of Artifact Registry. Each is already done when it is returned. The last thousand remain readable. */
class RegistryOperations {
    readonly #operations = new Map<string, RegistryOperation>();

    /** @param parent `projects/P/locations/L`. @param response result, with its `@type` */
    add(parent: string, response: RegistryOperation["response"]): RegistryOperation {
        const operation: RegistryOperation = {
            name: `${parent}/operations/${randomUUID()}`,
            metadata: { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata" },
            done: true,
            response,
        };
        this.#operations.set(operation.name, operation);
        for (const oldest of [...this.#operations.keys()].slice(
            0,
            Math.max(0, this.#operations.size - MAX_OPERATIONS),
        )) {
            this.#operations.delete(oldest);
        }
        return operation;
    }

    /** @throws ApiError 404 */
    get(name: string): RegistryOperation {
        const operation = this.#operations.get(name);
        if (operation === undefined) {
            throw notFound(`Requested entity was not found: ${name}`);
        }
        return operation;
    }
}
