import { LongOperations } from "../http/long-operations";
import type { IamService } from "../iam/service";
import type { InventoryItem, Service } from "../service";
import type { DocumentStore } from "../store/documents";
import { BlobFiles, Uploads } from "./blob-files";
import { ImageStore } from "./images";
import { type RepositoryDependencies, RepositoryService } from "./repositories";

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
    readonly operations: LongOperations;

    constructor(
        dataDir: string,
        documents: DocumentStore,
        dependencies: RepositoryDependencies & { readonly operationMs: number },
    ) {
        this.operations = new LongOperations(dependencies.operationMs, {
            "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata",
        });
        const files = new BlobFiles(dataDir);
        this.images = new ImageStore(documents, files, dataDir);
        this.repositories = new RepositoryService(documents, this.images, dependencies);
        this.uploads = new Uploads(files);
    }

    inventory(): InventoryItem[] {
        return this.repositories.inventory();
    }
}
