import type { EmulatorOptions, InventoryItem } from "./index";
import { DocumentStore } from "./store/documents";

/** Everything behind the HTTP APIs. A handler reaches its service through `request.services`. */
export interface Services {
    readonly options: EmulatorOptions;
    readonly documents: DocumentStore;
}

/** A service that owns things which would bill or clutter a real project. */
export interface HasInventory {
    /** Everything that exists now. */
    inventory(): InventoryItem[];
}

/** Builds all services over one data folder. `options.dataDir` must be locked already. */
export function createServices(options: EmulatorOptions): Services {
    const documents = new DocumentStore(options.dataDir);
    return { options, documents };
}

/** Services asked by Emulator.inventory(), in the order of its list. */
export function inventoryOf(_services: Services): HasInventory[] {
    return [];
}
