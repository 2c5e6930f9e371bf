package simulator

import "pasarela/pages"

// words of the issuer's pages.
type words struct {
	Notice                                string
	Title, Lead, Merchant, Amount, Card   string
	Code, Hint, Confirm, Cancel           string
	Wrong, WrongCode, NoCode, Untold      string
	ReturnTitle, ReturnLead, ReturnButton string
	LostTitle, LostLead                   string
	KeepTitle, KeepLead                   string // where nothing is bought: the card is to be kept
}

var texts = pages.Choice[words]{
	pages.English: {
		Notice:       "Simulator: no real bank. The code is " + rightCode + ".",
		Title:        "Confirm your purchase",
		Lead:         "Enter the code that your bank has sent you to confirm that this purchase is yours.",
		Merchant:     "Shop",
		Amount:       "Amount",
		Card:         "Card",
		Code:         "Code",
		Hint:         "Four digits, without spaces",
		Confirm:      "Confirm",
		Cancel:       "Cancel",
		Wrong:        "Error",
		WrongCode:    "That code is not right. Check it and enter it again.",
		NoCode:       "Enter the code.",
		Untold:       "The shop could not be told of your answer. Please try again in a moment.",
		ReturnTitle:  "Back to the shop",
		ReturnLead:   "Your bank has its answer. If you are not taken back to the shop by yourself, continue with the button.",
		ReturnButton: "Continue",
		LostTitle:    "This page is no longer valid",
		LostLead:     "There is nothing to confirm here. Go back to the shop and begin the payment again.",
		KeepTitle:    "Confirm that it is you",
		KeepLead:     "Enter the code that your bank has sent you to let the shop keep this card. Nothing is charged now.",
	},
	pages.Spanish: {
		Notice:       "Simulador: no es un banco real. El código es " + rightCode + ".",
		Title:        "Confirma tu compra",
		Lead:         "Ingresa el código que te envió tu banco para confirmar que esta compra es tuya.",
		Merchant:     "Comercio",
		Amount:       "Monto",
		Card:         "Tarjeta",
		Code:         "Código",
		Hint:         "Cuatro dígitos, sin espacios",
		Confirm:      "Confirmar",
		Cancel:       "Cancelar",
		Wrong:        "Error",
		WrongCode:    "Ese código no es correcto. Revísalo e ingrésalo otra vez.",
		NoCode:       "Ingresa el código.",
		Untold:       "No pudimos comunicar tu respuesta al comercio. Inténtalo otra vez en un momento.",
		ReturnTitle:  "De vuelta al comercio",
		ReturnLead:   "Tu banco ya tiene la respuesta. Si no vuelves al comercio automáticamente, continúa con el botón.",
		ReturnButton: "Continuar",
		LostTitle:    "Esta página ya no es válida",
		LostLead:     "Aquí no hay nada que confirmar. Vuelve al comercio y comienza el pago otra vez.",
		KeepTitle:    "Confirma que eres tú",
		KeepLead:     "Ingresa el código que te envió tu banco para que el comercio guarde esta tarjeta. Ahora no se cobra nada.",
	},
}
