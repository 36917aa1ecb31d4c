// Names that pages of boards share.

/** Where a board that was just deleted is kept, for as long as the tab is open. */
export const DELETED = "janitoo-board-deleted";
