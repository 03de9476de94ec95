import type { InventoryItem } from "..";
import type { Service, Services } from "../services";
import { BlobFiles } from "./blob-files";
import { ImageStore } from "./images";
import { RegistryOperations } from "./registry-operations";
import { RepositoryService } from "./repositories";
import { Uploads } from "./uploads";

/** Artifact Registry: repositories over Google's API, their images over the OCI distribution protocol. */
export class ArtifactRegistryService implements Service {
    readonly images: ImageStore;
    readonly repositories: RepositoryService;
    readonly uploads: Uploads;
    readonly operations = new RegistryOperations();

    constructor({
        options,
        documents,
        projects,
        policies,
    }: Pick<Services, "options" | "documents" | "projects" | "policies">) {
        const files = new BlobFiles(options.dataDir);
        this.images = new ImageStore(documents, files, options.dataDir);
        this.repositories = new RepositoryService(documents, this.images, projects, policies);
        this.uploads = new Uploads(files);
    }

    inventory(): InventoryItem[] {
        return this.repositories.inventory();
    }
}
